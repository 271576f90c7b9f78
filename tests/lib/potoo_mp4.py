# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the boxes of a fragmented MP4 file (ISO/IEC 14496-12) that tests look at.

Independent of the code under test on purpose: a mistake there is seen here."""

import struct
from dataclasses import dataclass, field

NTP_EPOCH_S = 2208988800
CONTAINERS = {b'moov', b'trak', b'mdia', b'minf', b'stbl', b'mvex', b'moof', b'traf'}
SAMPLE_IS_NON_SYNC = 0x10000


class BadMp4(Exception):
    pass


@dataclass
class Box:
    kind: bytes
    start: int
    size: int
    payload: bytes
    children: list = field(default_factory=list)

    def find(self, path):
        """The first box at a path like 'mdia/mdhd'."""
        kind, _, rest = path.partition('/')
        for child in self.children:
            if child.kind == kind.encode():
                return child.find(rest) if rest else child
        return None

    def find_all(self, kind):
        return [child for child in self.children if child.kind == kind.encode()]


@dataclass
class Track:
    track_id: int
    handler: str  # 'vide', 'soun'
    timescale: int
    sample_entry: str  # 'avc1'


@dataclass
class Run:
    """Samples of one track in one fragment; times in ticks of the track."""

    track_id: int
    decode_time: int
    durations: list
    sizes: list
    keys: list
    offsets: list  # of composition

    @property
    def end(self):
        return self.decode_time + sum(self.durations)


@dataclass
class Fragment:
    start: int  # in the file
    end: int
    prft_wall_us: int
    prft_media_time: int
    prft_track: int
    runs: dict  # by track id


@dataclass
class Movie:
    tracks: dict
    mehd_duration: int
    movie_timescale: int
    init_size: int
    fragments: list

    def track_of(self, handler):
        return next((t for t in self.tracks.values() if t.handler == handler), None)

    def duration_s(self, handler='vide'):
        track = self.track_of(handler)
        runs = [f.runs[track.track_id] for f in self.fragments if track.track_id in f.runs]
        return (runs[-1].end - runs[0].decode_time) / track.timescale


def parse_boxes(data, start=0, end=None, top=True):
    end = len(data) if end is None else end
    boxes, at = [], start
    while at < end:
        if end - at < 8:
            raise BadMp4(f'{end - at} bytes left at {at}')
        size, kind = struct.unpack_from('>I4s', data, at)
        header = 8
        if size == 1:
            size, header = struct.unpack_from('>Q', data, at + 8)[0], 16
        if size < header or at + size > end:
            raise BadMp4(f'box {kind!r} at {at} has size {size}, {end - at} are left')
        payload = b'' if kind == b'mdat' else data[at + header:at + size]
        box = Box(kind, at, size, payload)
        if kind in CONTAINERS:
            box.children = parse_boxes(data, at + header, at + size, top=False)
        boxes.append(box)
        at += size
    return boxes


def full(box):
    """(version, flags, rest) of a full box."""
    word = struct.unpack_from('>I', box.payload)[0]
    return word >> 24, word & 0xFFFFFF, box.payload[4:]


def read_track(trak):
    version, _, rest = full(trak.find('tkhd'))
    track_id = struct.unpack_from('>I', rest, 16 if version else 8)[0]
    version, _, rest = full(trak.find('mdia/mdhd'))
    timescale = struct.unpack_from('>I', rest, 16 if version else 8)[0]
    handler = full(trak.find('mdia/hdlr'))[2][4:8].decode()
    entry = trak.find('mdia/minf/stbl/stsd').payload[12:16].decode()
    return Track(track_id, handler, timescale, entry)


def read_defaults(moov):
    """{track id: (duration, size, flags)} of trex."""
    return {
        values[0]: values[2:5]
        for trex in moov.find('mvex').find_all('trex')
        for values in [struct.unpack_from('>5I', full(trex)[2])]
    }


def read_tfhd(tfhd, defaults):
    _, flags, rest = full(tfhd)
    track_id = struct.unpack_from('>I', rest)[0]
    duration, size, sample_flags = defaults[track_id]
    at = 4
    if flags & 0x1:
        raise BadMp4('tfhd has a base data offset')
    if not flags & 0x20000:
        raise BadMp4('tfhd lacks default-base-is-moof')
    if flags & 0x2:
        at += 4
    if flags & 0x8:
        duration, at = struct.unpack_from('>I', rest, at)[0], at + 4
    if flags & 0x10:
        size, at = struct.unpack_from('>I', rest, at)[0], at + 4
    if flags & 0x20:
        sample_flags = struct.unpack_from('>I', rest, at)[0]
    return track_id, duration, size, sample_flags


def read_traf(traf, defaults):
    track_id, duration, size, sample_flags = read_tfhd(traf.find('tfhd'), defaults)
    version, _, rest = full(traf.find('tfdt'))
    time = struct.unpack_from('>Q' if version else '>I', rest)[0]
    run = Run(track_id, time, [], [], [], [])
    for trun in traf.find_all('trun'):
        version, flags, rest = full(trun)
        count, at = struct.unpack_from('>I', rest)[0], 4
        at += 4 if flags & 0x1 else 0
        first_flags = None
        if flags & 0x4:
            first_flags, at = struct.unpack_from('>I', rest, at)[0], at + 4
        for i in range(count):
            d, s, f, c = duration, size, sample_flags, 0
            if i == 0 and first_flags is not None:
                f = first_flags
            if flags & 0x100:
                d, at = struct.unpack_from('>I', rest, at)[0], at + 4
            if flags & 0x200:
                s, at = struct.unpack_from('>I', rest, at)[0], at + 4
            if flags & 0x400:
                f, at = struct.unpack_from('>I', rest, at)[0], at + 4
            if flags & 0x800:
                c, at = struct.unpack_from('>i' if version else '>I', rest, at)[0], at + 4
            run.durations.append(d)
            run.sizes.append(s)
            run.keys.append(not f & SAMPLE_IS_NON_SYNC)
            run.offsets.append(c)
    return run


def read_prft(prft):
    version, _, rest = full(prft)
    track, seconds, fraction = struct.unpack_from('>III', rest)
    media_time = struct.unpack_from('>Q' if version else '>I', rest, 12)[0]
    wall_us = (seconds - NTP_EPOCH_S) * 1_000_000 + (fraction * 1_000_000 + (1 << 31) >> 32)
    return wall_us, media_time, track


def read_movie(path):
    """Checks that the file is `ftyp moov (prft moof mdat)*` and nothing else."""
    boxes = parse_boxes(path.read_bytes())
    kinds = [box.kind for box in boxes]
    if kinds[:2] != [b'ftyp', b'moov']:
        raise BadMp4(f'begins with {kinds[:2]}')
    if kinds[2:] != [b'prft', b'moof', b'mdat'] * (len(kinds[2:]) // 3):
        raise BadMp4(f'goes on with {kinds[2:]}')
    moov = boxes[1]
    version, _, rest = full(moov.find('mvhd'))
    movie_timescale = struct.unpack_from('>I', rest, 16 if version else 8)[0]
    mehd = moov.find('mvex/mehd')
    version, _, rest = full(mehd) if mehd else (0, 0, bytes(4))
    mehd_duration = struct.unpack_from('>Q' if version else '>I', rest)[0]
    defaults = read_defaults(moov)
    movie = Movie(
        tracks={t.track_id: t for t in map(read_track, moov.find_all('trak'))},
        mehd_duration=mehd_duration,
        movie_timescale=movie_timescale,
        init_size=moov.start + moov.size,
        fragments=[],
    )
    for prft, moof, mdat in zip(boxes[2::3], boxes[3::3], boxes[4::3]):
        runs = [read_traf(traf, defaults) for traf in moof.find_all('traf')]
        wall_us, media_time, track = read_prft(prft)
        payload = sum(sum(run.sizes) for run in runs)
        if payload != mdat.size - 8:
            raise BadMp4(f'mdat at {mdat.start} holds {mdat.size - 8} bytes, samples {payload}')
        movie.fragments.append(
            Fragment(
                prft.start,
                mdat.start + mdat.size,
                wall_us,
                media_time,
                track,
                {run.track_id: run for run in runs},
            )
        )
    return movie
