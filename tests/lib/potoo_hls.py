# SPDX-License-Identifier: GPL-3.0-or-later
"""HLS media playlists by the grammar of RFC 8216, read as strictly as it is written.

Independent of the code under test on purpose. Only media playlists, and of the tags those that a
recorder has a use for: any other is an error."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

INTEGER = r'(?:0|[1-9][0-9]{0,19})'
FLOAT = r'[0-9]+(?:\.[0-9]+)?'
SIGNED_FLOAT = rf'-?{FLOAT}'
STRING = r'"[^"\r\n]*"'
ENUM = r'[^",\s]+'
RANGE = rf'{INTEGER}(?:@{INTEGER})?'
DATE = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)'
URI = r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"

# Of the whole playlist, at most once (4.3.1, 4.3.3, 4.3.5); those marked must come before the
# first segment.
HEAD_TAGS = {
    'EXT-X-VERSION': INTEGER,
    'EXT-X-TARGETDURATION': INTEGER,
    'EXT-X-MEDIA-SEQUENCE': INTEGER,
    'EXT-X-DISCONTINUITY-SEQUENCE': INTEGER,
    'EXT-X-PLAYLIST-TYPE': 'EVENT|VOD',
    'EXT-X-INDEPENDENT-SEGMENTS': None,
    'EXT-X-ENDLIST': None,
    'EXT-X-START': {'TIME-OFFSET': SIGNED_FLOAT, 'PRECISE': 'YES|NO'},
}
REQUIRED_ATTRIBUTES = {'EXT-X-START': {'TIME-OFFSET'}, 'EXT-X-MAP': {'URI'}}
FIRST_TAGS = {'EXT-X-MEDIA-SEQUENCE', 'EXT-X-DISCONTINUITY-SEQUENCE'}
# Of the segment that follows, each at most once (4.3.2).
SEGMENT_TAGS = {
    'EXTINF': rf'{FLOAT},[^\r\n]*',
    'EXT-X-BYTERANGE': RANGE,
    'EXT-X-DISCONTINUITY': None,
    'EXT-X-PROGRAM-DATE-TIME': DATE,
    'EXT-X-MAP': {'URI': STRING, 'BYTERANGE': f'"{RANGE}"'},
}
ATTRIBUTE = re.compile(rf'([A-Z0-9-]+)=({STRING}|{ENUM})(?:,|$)')


class BadPlaylist(Exception):
    pass


class ByteRange(NamedTuple):
    length: int
    offset: int

    @property
    def end(self):
        return self.offset + self.length

    @property
    def header(self):
        return f'bytes={self.offset}-{self.end - 1}'


@dataclass
class Segment:
    """A media segment; None for what it does not say."""

    uri: str
    duration: float
    byterange: ByteRange
    discontinuity: bool
    map_uri: str
    map_range: ByteRange
    wall_us: int  # as its own tag says
    start: float  # of it, on the playlist's time line


@dataclass
class Playlist:
    version: int = 1
    target: int = None
    kind: str = None
    ended: bool = False
    independent: bool = False
    start_offset: float = None
    segments: list = field(default_factory=list)

    @property
    def duration(self):
        return sum(segment.duration for segment in self.segments)

    def find_wall_us(self, number):
        """Wall time of a segment: of its tag, or that of the last one with a tag and the durations."""
        passed = 0.0
        for segment in reversed(self.segments[: number + 1]):
            if segment is not self.segments[number]:
                passed += segment.duration
            if segment.wall_us is not None:
                return segment.wall_us + round(passed * 1_000_000)
        return None


def check(condition, line, what):
    if not condition:
        raise BadPlaylist(f'line {line}: {what}')


def parse_range(text, line, default_offset=None):
    length, at, offset = text.partition('@')
    if not at:
        check(default_offset is not None, line, f'{text} follows on nothing')
    check(int(length) > 0, line, 'an empty range')
    return ByteRange(int(length), int(offset) if at else default_offset)


def parse_date(text, line):
    try:
        date = datetime.fromisoformat(text.replace('Z', '+00:00'))
    except ValueError:
        raise BadPlaylist(f'line {line}: no date: {text}') from None
    return (date - EPOCH) // timedelta(microseconds=1)


def parse_attributes(tag, text, grammar, line):
    found, at = {}, 0
    while at < len(text):
        match = ATTRIBUTE.match(text, at)
        check(match, line, f'{tag}: no attribute at {text[at:]!r}')
        name, value = match.groups()
        check(name in grammar, line, f'{tag} has no attribute {name}')
        check(name not in found, line, f'{tag}: {name} is there twice')
        check(re.fullmatch(grammar[name], value), line, f'{tag}: {name}={value}')
        found[name] = value.strip('"')
        at = match.end()
    check(not text.endswith(','), line, f'{tag} ends with a comma')
    check(REQUIRED_ATTRIBUTES.get(tag, set()) <= set(found), line, f'{tag} lacks attributes')
    return found


class Reader:
    def __init__(self, text):
        self.lines = text.split('\n')
        self.playlist = Playlist()
        self.head = {}
        self.pending = {}  # tags of the segment to come
        self.map = (None, None)
        self.needs = {1: 'nothing'}  # version: the feature that needs it

    def read(self):
        check(self.lines[-1] == '', len(self.lines), 'no line feed at the end')
        check(self.lines[0] == '#EXTM3U', 1, 'no #EXTM3U')  # 4.3.1.1; also: no BOM
        for number, line in enumerate(self.lines[1:-1], 2):
            check('\r' not in line and line == line.strip(), number, 'space or CR')
            check(line != '', number, 'empty')
            if line.startswith('#EXT'):
                self.read_tag(line[1:], number)
            elif not line.startswith('#'):
                self.read_uri(line, number)
        self.finish()
        return self.playlist

    def read_tag(self, text, line):
        tag, colon, value = text.partition(':')
        check(tag in HEAD_TAGS or tag in SEGMENT_TAGS, line, f'unknown tag {tag}')
        grammar = HEAD_TAGS[tag] if tag in HEAD_TAGS else SEGMENT_TAGS[tag]
        if grammar is None:
            check(not colon, line, f'{tag} has no value')
        elif isinstance(grammar, dict):
            value = parse_attributes(tag, value, grammar, line)
        else:
            check(colon and re.fullmatch(grammar, value), line, f'{tag}: {value!r}')
        known = self.head if tag in HEAD_TAGS else self.pending
        check(tag not in known, line, f'{tag} is there twice')
        if tag in FIRST_TAGS:
            check(not self.playlist.segments and not self.pending, line, f'{tag} comes late')
        known[tag] = value

    def read_uri(self, line, number):
        check(re.fullmatch(URI, line), number, f'no URI: {line!r}')
        check('EXTINF' in self.pending, number, 'a segment without EXTINF')
        tags, self.pending = self.pending, {}
        before = self.playlist.segments[-1] if self.playlist.segments else None
        byterange = None
        if 'EXT-X-BYTERANGE' in tags:
            follows = before and before.uri == line and before.byterange
            byterange = parse_range(
                tags['EXT-X-BYTERANGE'], number, before.byterange.end if follows else None
            )
            self.needs[4] = 'EXT-X-BYTERANGE'
        if 'EXT-X-MAP' in tags:
            self.read_map(tags['EXT-X-MAP'], number)
        duration = tags['EXTINF'].partition(',')[0]
        if '.' in duration:
            self.needs[3] = 'a decimal EXTINF'
        date = tags.get('EXT-X-PROGRAM-DATE-TIME')
        self.playlist.segments.append(
            Segment(
                line,
                float(duration),
                byterange,
                'EXT-X-DISCONTINUITY' in tags,
                *self.map,
                parse_date(date, number) if date else None,
                self.playlist.duration,
            )
        )

    def read_map(self, attributes, line):
        uri = attributes['URI']
        check(re.fullmatch(URI, uri), line, f'no URI: {uri!r}')
        text = attributes.get('BYTERANGE')
        self.map = (uri, parse_range(text, line, 0) if text else None)
        self.needs[6] = 'EXT-X-MAP outside an I-frame playlist'

    def finish(self):
        playlist, head, last = self.playlist, self.head, len(self.lines)
        check(not self.pending, last, f'{sorted(self.pending)} belong to no segment')
        check('EXT-X-TARGETDURATION' in head, last, 'no EXT-X-TARGETDURATION')
        playlist.version = int(head.get('EXT-X-VERSION', 1))
        playlist.target = int(head['EXT-X-TARGETDURATION'])
        playlist.kind = head.get('EXT-X-PLAYLIST-TYPE')
        playlist.ended = 'EXT-X-ENDLIST' in head
        playlist.independent = 'EXT-X-INDEPENDENT-SEGMENTS' in head
        check(playlist.kind != 'VOD' or playlist.ended, last, 'VOD without an end')
        for version, feature in self.needs.items():
            check(playlist.version >= version, last, f'{feature} needs version {version}')
        for segment in playlist.segments:
            # 4.3.3.1, rounded half up
            check(int(segment.duration + 0.5) <= playlist.target, last, f'{segment} is too long')
            # MPEG-4 fragments have no meaning without their init (3.3)
            check(segment.map_uri or '.mp4' not in segment.uri, last, f'{segment} has no init')
        if 'EXT-X-START' in head:
            playlist.start_offset = float(head['EXT-X-START']['TIME-OFFSET'])
            check(abs(playlist.start_offset) <= playlist.duration, last, 'starts behind the end')


def parse_playlist(text):
    return Reader(text.decode('utf-8') if isinstance(text, bytes) else text).read()


def check_growth(before, after):
    """6.2.1: a playlist of events only grows at its end; at last, it becomes one on demand."""
    old, new = before.split('\n'), after.split('\n')
    assert old[-2:] != ['#EXT-X-ENDLIST', ''], 'it had ended'
    kind = '#EXT-X-PLAYLIST-TYPE:'
    for one, other in zip(old[:-1], new):
        if one != other:
            assert one == f'{kind}EVENT' and other == f'{kind}VOD', (one, other)
            assert new[-2] == '#EXT-X-ENDLIST', 'VOD without an end'
    assert len(new) >= len(old)
