# SPDX-License-Identifier: GPL-3.0-or-later
"""A viewer of `/live/{id}/ts.m3u8`: follows the playlist, keeps every segment, reads MPEG-TS."""

import re
import time
from dataclasses import dataclass, field

from potoo_daemon import parse_time
from potoo_sei import read_sei

PACKET = 188
H264, H265, AAC = 0x1B, 0x24, 0x0F


@dataclass
class Segment:
    name: str
    sequence: int
    discontinuity: int  # number of the run that it belongs to
    start_us: int
    seconds: float
    data: bytes = b''


@dataclass
class Playlist:
    target: int
    first: int
    segments: list = field(default_factory=list)


def parse_playlist(text):
    """Strict about what ours has to say (RFC 8216)."""
    lines = text.split('\n')
    assert lines[0] == '#EXTM3U' and lines[-1] == '', text
    tags = dict(re.findall(r'^#(EXT-X-[A-Z-]+):(\d+)$', text, re.MULTILINE))
    playlist = Playlist(int(tags['EXT-X-TARGETDURATION']), int(tags['EXT-X-MEDIA-SEQUENCE']))
    discontinuity = int(tags['EXT-X-DISCONTINUITY-SEQUENCE'])
    start_us = seconds = None
    for line in lines[1:-1]:
        if line == '#EXT-X-DISCONTINUITY':
            discontinuity += 1
        elif line.startswith('#EXT-X-PROGRAM-DATE-TIME:'):
            start_us = parse_time(line.split(':', 1)[1])
        elif line.startswith('#EXTINF:'):
            seconds = float(line[8:].rstrip(','))
        elif not line.startswith('#'):
            sequence = playlist.first + len(playlist.segments)
            playlist.segments.append(Segment(line, sequence, discontinuity, start_us, seconds))
    assert all(round(s.seconds) <= playlist.target for s in playlist.segments), text
    return playlist


class Viewer:
    """Polls as a player does. `segments`: all seen so far, in order; none may be missed."""

    def __init__(self, daemon, camera):
        self.daemon = daemon
        self.path = f'/live/{camera}/ts.m3u8'
        self.folder = f'/live/{camera}/'
        self.segments = []

    def poll(self):
        """The HTTP status of the playlist; takes up what is new."""
        status, headers, body = self.daemon.api('GET', self.path)
        if status != 200:
            return status
        assert headers['content-type'] == 'application/vnd.apple.mpegurl'
        assert headers['cache-control'] == 'no-store'
        for segment in parse_playlist(body.decode()).segments:
            if self.segments and segment.sequence <= self.segments[-1].sequence:
                continue
            segment.data = self.fetch(segment.name)
            self.segments.append(segment)
        return status

    def fetch(self, name):
        status, headers, body = self.daemon.api('GET', self.folder + name)
        assert status == 200, (name, status, body)
        assert headers['content-type'] == 'video/mp2t'
        return body

    def follow(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.poll()
            time.sleep(0.25)

    def follow_until(self, condition, timeout):
        deadline = time.monotonic() + timeout
        while not condition(self):
            assert time.monotonic() < deadline, [s.name for s in self.segments]
            self.poll()
            time.sleep(0.25)

    def runs(self):
        """Segments by discontinuity."""
        runs = {}
        for segment in self.segments:
            runs.setdefault(segment.discontinuity, []).append(segment)
        return list(runs.values())


def read_packets(data):
    """(pid, start of a unit, payload), and the continuity counters must be right."""
    assert len(data) % PACKET == 0
    counters = {}
    for at in range(0, len(data), PACKET):
        packet = data[at : at + PACKET]
        assert packet[0] == 0x47, f'lost synchronisation at {at}'
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        if not packet[3] & 0x10:
            continue
        counter = packet[3] & 0xF
        assert counters.get(pid, counter) == counter, f'PID {pid} lost a packet at {at}'
        counters[pid] = counter + 1 & 0xF
        skip = 5 + packet[4] if packet[3] & 0x20 else 4
        yield pid, bool(packet[1] & 0x40), packet[skip:]


def read_streams(data):
    """{stream type: PID} of the first program map."""
    program_map = None
    for pid, start, payload in read_packets(data):
        if pid == 0 and start:
            program_map = (payload[11] & 0x1F) << 8 | payload[12]
        elif pid == program_map and start:
            length = (payload[2] & 0xF) << 8 | payload[3]
            at = 13 + ((payload[11] & 0xF) << 8 | payload[12])
            streams = {}
            while at < 4 + length - 4:
                streams[payload[at]] = (payload[at + 1] & 0x1F) << 8 | payload[at + 2]
                at += 5 + ((payload[at + 3] & 0xF) << 8 | payload[at + 4])
            return streams
    raise AssertionError('no program map')


def read_video(data):
    """The video's payload, PES headers and all: SEI stands whole in it."""
    streams = read_streams(data)
    video = streams.get(H264, streams.get(H265))
    return b''.join(payload for pid, _, payload in read_packets(data) if pid == video)


def read_stamps(segments):
    return [stamp for segment in segments for stamp in read_sei(read_video(segment.data))]
