# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded is played by others with exactly the frames that are in the files.

Every camera is recorded over a segment border, drops its connection, and is recorded over another.
The simulator numbers each frame, so that a lost, doubled or displaced one shows."""

import http.client
import json
import random
import re
import signal
import socket
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import potoo_gst
import pytest
from potoo_daemon import EPOCH, parse_time
from potoo_hls import check_growth, parse_playlist
from potoo_mp4 import read_movie
from potoo_process import SLOWNESS, wait_until
from potoo_recording import probe, read_stamps
from potoo_sei import read_sei

CAMERAS = {
    'aac': {'audio': 'aac'},
    'h265': {'codec': 'h265', 'audio': 'opus'},
    'b-frames': {'bframes': 2, 'gop': 50, 'audio': 'aac'},
}
VIDEO_SCALE = 90000
HOUR_US = 3600 * 1_000_000


def format_time(wall_us):
    return (EPOCH + timedelta(microseconds=wall_us)).strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def make_path(camera, what, start_us=None, end_us=None):
    times = {'start': start_us, 'end': end_us}
    query = urlencode({name: format_time(t) for name, t in times.items() if t is not None})
    return f'/api/v1/cameras/{camera}/{what}' + (f'?{query}' if query else '')


def get_playlist(daemon, camera, start_us, end_us=None):
    status, headers, body = daemon.api('GET', make_path(camera, 'playback.m3u8', start_us, end_us))
    assert status == 200, body
    assert headers['content-type'] == 'application/vnd.apple.mpegurl'
    return parse_playlist(body)


def get_timeline(daemon, camera, start_us=None, end_us=None):
    return daemon.get(make_path(camera, 'timeline', start_us, end_us))


# --- what is to be expected, from the files ---


@dataclass
class Frame:
    number: int
    pts: int  # in ticks, on the time line of the playlist
    key: bool
    wall_us: int  # of the fragment that it is in
    segment: dict


def read_frames(daemon, segments):
    """The frames of the files, in the order of decoding, one file after the other in time."""
    frames, shift = [], 0
    for segment in segments:
        path = daemon.segment_path(segment)
        movie = read_movie(path)
        track = movie.track_of('vide').track_id
        stamps = iter(read_stamps(path))
        for fragment in movie.fragments:
            run = fragment.runs[track]
            at = run.decode_time
            for duration, offset, key in zip(run.durations, run.offsets, run.keys):
                number = next(stamps).number
                frames.append(
                    Frame(number, shift + at + offset, key, fragment.prft_wall_us, segment)
                )
                at += duration
        shift += at
        assert next(stamps, None) is None
    return frames


def read_audio(daemon, segments):
    """Times of the audio samples, in seconds on the time line of the playlist."""
    times, shift = [], 0
    for segment in segments:
        movie = read_movie(daemon.segment_path(segment))
        video, audio = movie.track_of('vide'), movie.track_of('soun')
        for fragment in movie.fragments:
            run = fragment.runs.get(audio.track_id)
            at = run.decode_time if run else 0
            for duration in run.durations if run else []:
                times.append(shift / VIDEO_SCALE + at / audio.timescale)
                at += duration
        shift += movie.fragments[-1].runs[video.track_id].end
    return times


# --- recording ---


class Watcher:
    """Asks for one camera's playlist while it is recorded, and has ffmpeg play it meanwhile."""

    def __init__(self, daemon, camera, directory):
        self.daemon, self.camera = daemon, camera
        self.start_us = int(time.time() * 1_000_000) - 60 * 1_000_000
        self.texts, self.early = [], set()
        self.output = directory / 'growing.mkv'
        self.ffmpeg = None

    @property
    def path(self):
        return make_path(self.camera, 'playback.m3u8', self.start_us, self.start_us + HOUR_US)

    def look(self):
        """TRUE when the playlist has ended."""
        status, _, body = self.daemon.api('GET', self.path)
        if status != 200:
            self.early.add(status)
            return False
        if not self.texts:
            self.ffmpeg = subprocess.Popen(
                ['ffmpeg', '-v', 'error', '-live_start_index', '0', '-i', self.daemon.url + self.path]
                + ['-map', '0', '-c', 'copy', str(self.output)],
                stdin=subprocess.DEVNULL,
            )
        if not self.texts or self.texts[-1] != body.decode():
            self.texts.append(body.decode())
        return self.texts[-1].endswith('#EXT-X-ENDLIST\n')

    def look_for(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert not self.look(), 'the playlist ended while it was recorded'
            time.sleep(0.5)


class Recorded:
    def __init__(self, workshop):
        self.sim = workshop.sim(CAMERAS)
        self.daemon = workshop.daemon()
        self.watcher = Watcher(self.daemon, 'aac', self.daemon.directory)
        for name in CAMERAS:
            self.daemon.add_camera(id=name, url=self.sim.urls[name])
        for name in CAMERAS:
            self.daemon.wait_state(name, 'streaming')
        self.watcher.look_for(13)
        for name in CAMERAS:
            self.sim.fault(name, 'black-hole', 'on')
            self.sim.fault(name, 'drop')
        wait_until(self.watcher.look, 10, 'the playlist to end at the gap')
        for name in CAMERAS:
            self.sim.fault(name, 'black-hole', 'off')
        for name in CAMERAS:
            self.daemon.wait_segments(name, 3, timeout=40)
        self.segments = {name: self.daemon.disable_camera(name) for name in CAMERAS}
        self.watcher_status = self.watcher.ffmpeg.wait(timeout=20 * SLOWNESS)

    def window(self, camera):
        segments = self.segments[camera]
        return parse_time(segments[0]['start']), parse_time(segments[-1]['end'])

    def url(self, camera, start_us=None):
        start, end = self.window(camera)
        return self.daemon.url + make_path(camera, 'playback.m3u8', start_us or start, end)


@pytest.fixture(scope='module')
def recorded(module_workshop):
    return Recorded(module_workshop)


def find_borders(segments):
    """Numbers of the segments that begin another recording than the one before."""
    pairs = zip(segments, segments[1:])
    return [i for i, (a, b) in enumerate(pairs, 1) if a['recording'] != b['recording']]


# --- the playlist ---


@pytest.mark.parametrize('camera', CAMERAS)
def test_lists_all(recorded, camera):
    """All bytes of all files, whole GOPs, times to the microsecond, a discontinuity at the gap."""
    segments = recorded.segments[camera]
    borders = find_borders(segments)
    assert len(segments) >= 4 and len(borders) == 1, segments
    playlist = get_playlist(recorded.daemon, camera, *recorded.window(camera))
    assert (playlist.version, playlist.kind, playlist.ended) == (7, 'VOD', True)
    assert playlist.independent and playlist.start_offset == 0
    assert playlist.target == 4
    entries = iter(playlist.segments)
    for number, segment in enumerate(segments):
        data = recorded.daemon.segment_path(segment).read_bytes()
        movie = read_movie(recorded.daemon.segment_path(segment))
        track = movie.track_of('vide').track_id
        fragments = {f.start: f for f in movie.fragments}
        at = movie.init_size
        while at < len(data):
            entry = next(entries)
            first = at == movie.init_size
            fragment = fragments[at]
            assert entry.uri.split('?')[0] == segment['media']
            assert (entry.map_uri, entry.map_range) == (entry.uri, (movie.init_size, 0))
            assert entry.byterange.offset == at and entry.byterange.end <= len(data)
            assert fragment.runs[track].keys[0], 'an entry begins without a keyframe'
            assert entry.discontinuity == (first and number in borders)
            assert entry.wall_us == (parse_time(segment['start']) if first else None)
            shown_after = fragment.runs[track].offsets[0] * 1_000_000 / VIDEO_SCALE
            wall_us = playlist.find_wall_us(playlist.segments.index(entry)) + shown_after
            assert abs(wall_us - fragment.prft_wall_us) < 1000
            at = entry.byterange.end
            ticks = sum(
                sum(f.runs[track].durations)
                for f in movie.fragments
                if entry.byterange.offset <= f.start < at
            )
            assert abs(entry.duration - ticks / VIDEO_SCALE) < 2e-6
    assert next(entries, None) is None
    walls = [playlist.find_wall_us(i) for i in range(len(playlist.segments))]
    assert walls == sorted(walls)


def test_grows_only_at_its_end(recorded):
    watcher = recorded.watcher
    assert len(watcher.texts) >= 4
    assert watcher.early <= {404, 503}
    for before, after in zip(watcher.texts, watcher.texts[1:]):
        check_growth(before, after)
    for text in watcher.texts[:-1]:
        playlist = parse_playlist(text)
        assert playlist.kind == 'EVENT' and not playlist.ended and playlist.segments
    assert parse_playlist(watcher.texts[-1]).kind == 'VOD'


def test_growing_playlist_is_played_whole(recorded):
    """ffmpeg began at the first entry, and followed the recording to its end."""
    segments = recorded.segments['aac']
    expected = read_frames(recorded.daemon, segments[: find_borders(segments)[0]])
    assert recorded.watcher_status == 0
    found = [stamp.number for stamp in read_sei(recorded.watcher.output.read_bytes())]
    assert found == [frame.number for frame in expected]


# --- players ---


@pytest.mark.parametrize('camera', CAMERAS)
def test_ffmpeg_plays_the_frames_of_the_files(recorded, camera, tmp_path):
    expected = read_frames(recorded.daemon, recorded.segments[camera])
    output = tmp_path / 'out.mkv'
    result = subprocess.run(
        ['ffmpeg', '-v', 'warning', '-i', recorded.url(camera), '-map', '0', '-c', 'copy', output],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60 * SLOWNESS,
    )
    # Each segment has an init of its own, which is the same within a recording.
    complaints = [
        line
        for line in result.stderr.splitlines()
        if 'duplicated MOOV' not in line and 'message repeated' not in line and line.strip()
    ]
    assert result.returncode == 0 and not complaints, complaints
    found = [stamp.number for stamp in read_sei(output.read_bytes())]
    assert found == [frame.number for frame in expected]
    streams = probe(output)['streams']
    assert sorted(s['codec_type'] for s in streams) == ['audio', 'video']


@pytest.mark.parametrize('camera', CAMERAS)
def test_ffmpeg_sees_one_time_line(recorded, camera):
    """The times of the packets are those of the files, moved by whole segments: to the tick."""
    expected = read_frames(recorded.daemon, recorded.segments[camera])
    times = {}
    for kind in ('v', 'a'):
        result = subprocess.run(
            ['ffprobe', '-v', 'error', '-select_streams', kind, '-of', 'json']
            + ['-show_entries', 'packet=pts,dts:stream=time_base', recorded.url(camera)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60 * SLOWNESS,
        )
        answer = json.loads(result.stdout)
        times[kind] = [packet['pts'] for packet in answer['packets']]
        decoding = [packet['dts'] for packet in answer['packets']]
        assert decoding == sorted(set(decoding)), 'decoding times do not rise'
        scale = int(answer['streams'][0]['time_base'].removeprefix('1/'))
    assert times['v'] == [frame.pts for frame in expected]
    heard = read_audio(recorded.daemon, recorded.segments[camera])
    assert len(times['a']) == len(heard)
    for found, exact in zip(times['a'], heard):
        assert abs(found - exact * scale) <= 1.1


@pytest.mark.parametrize('camera', CAMERAS)
def test_gstreamer_plays_the_frames_of_the_files(recorded, camera):
    expected = read_frames(recorded.daemon, recorded.segments[camera])
    seen = potoo_gst.play(recorded.url(camera), timeout=60 * SLOWNESS)
    assert seen['error'] is None
    assert [number for number, _ in seen['decoded']] == [frame.number for frame in expected]
    for (number, pts), frame in zip(seen['decoded'], expected):
        assert abs(pts - frame.pts * 1e9 / VIDEO_SCALE) < 1e9 / VIDEO_SCALE, number
    assert len(seen['shown']) == len(expected)
    assert seen['shown'] == sorted(set(seen['shown']))
    heard = read_audio(recorded.daemon, recorded.segments[camera])
    # A decoder may keep the last frame of each run for itself.
    assert len(heard) - 2 <= len(seen['audio']) <= len(heard)


def read_numbers_with_ffmpeg(url, tmp_path):
    """For playlists of a few entries: once playbin3 (GStreamer 1.22) has downloaded the last entry before its
    pads are exposed, it ends with "Can't push EOS on non-exposed pad"."""
    output = tmp_path / 'out.mkv'
    subprocess.run(
        ['ffmpeg', '-y', '-v', 'error', '-i', url, '-map', '0', '-c', 'copy', output],
        stdin=subprocess.DEVNULL,
        timeout=60 * SLOWNESS,
        check=True,
    )
    return [stamp.number for stamp in read_sei(output.read_bytes())]


def read_numbers_with_gstreamer(url, tmp_path):
    seen = potoo_gst.play(url, timeout=60 * SLOWNESS)
    assert seen['error'] is None
    return [number for number, _ in seen['decoded']]


@pytest.mark.parametrize('camera', CAMERAS)
def test_starts_at_the_keyframe_before(recorded, camera, tmp_path):
    """Anywhere in the recording; exact start and date tell where the picture asked for is."""
    frames = read_frames(recorded.daemon, recorded.segments[camera])
    start, end = recorded.window(camera)
    gap_start = max(parse_time(s['end']) for s in recorded.segments[camera][:-2])
    for start_us, read_numbers in (
        (start + 3_456_789, read_numbers_with_gstreamer),
        (gap_start - 100_000, read_numbers_with_gstreamer),
        (end - 2_000_000, read_numbers_with_ffmpeg),
    ):
        playlist = get_playlist(recorded.daemon, camera, start_us, end)
        first = playlist.segments[0]
        assert first.wall_us <= start_us < first.wall_us + 10_000_000
        exact = first.wall_us + round(playlist.start_offset * 1_000_000)
        assert abs(exact - start_us) <= 1
        assert playlist.start_offset < first.duration + 0.1 or first.duration < 0.1
        numbers = read_numbers(recorded.url(camera, start_us), tmp_path)
        assert numbers
        begin = next(i for i, frame in enumerate(frames) if frame.number == numbers[0])
        assert frames[begin].key
        assert numbers == [frame.number for frame in frames[begin:]]
        assert frames[begin].wall_us - 100_000 <= start_us


# --- ?shift= ---


def test_shift_changes_times_only(recorded, tmp_path):
    """The same length; any range is a part of the whole; a reader sees the times moved."""
    shift_ns = 86_400_123_456_789
    segment = recorded.segments['b-frames'][1]
    path = recorded.daemon.segment_path(segment)
    url = f'{segment["media"]}?shift={shift_ns}'
    status, headers, shifted = recorded.daemon.api('GET', url)
    assert status == 200 and len(shifted) == path.stat().st_size
    (tmp_path / 'shifted.mp4').write_bytes(shifted)
    raw, moved = read_movie(path), read_movie(tmp_path / 'shifted.mp4')
    for before, after in zip(raw.fragments, moved.fragments, strict=True):
        ticks = round(shift_ns * VIDEO_SCALE / 1e9)
        assert after.prft_media_time == before.prft_media_time + ticks
        assert after.prft_wall_us == before.prft_wall_us
        for track, run in before.runs.items():
            ticks = round(shift_ns * raw.tracks[track].timescale / 1e9)
            assert after.runs[track].decode_time == run.decode_time + ticks
            after.runs[track].decode_time = run.decode_time
            assert after.runs[track] == run
    changed = sum(a != b for a, b in zip(path.read_bytes(), shifted))
    assert 0 < changed <= 8 * 3 * len(raw.fragments)

    chance = random.Random(3)
    for _ in range(60):
        first = chance.randrange(len(shifted))
        last = min(first + chance.randrange(300_000), len(shifted) - 1)
        status, answer, part = recorded.daemon.api(
            'GET', url, headers={'Range': f'bytes={first}-{last}'}
        )
        assert status == 206 and part == shifted[first : last + 1]
        assert answer['content-range'] == f'bytes {first}-{last}/{len(shifted)}'
        assert answer['etag'] == headers['etag']


def test_shift_is_in_the_entity_tag(recorded):
    media = recorded.segments['aac'][0]['media']
    tags = {
        query: recorded.daemon.api('HEAD', media + query)[1]['etag']
        for query in ('', '?shift=0', '?shift=1', '?shift=1000')
    }
    assert tags[''] == tags['?shift=0'] and len(set(tags.values())) == 3
    headers = {'Range': 'bytes=0-9', 'If-Range': tags['']}
    assert recorded.daemon.api('GET', f'{media}?shift=1', headers=headers)[0] == 200
    headers['If-Range'] = tags['?shift=1']
    assert recorded.daemon.api('GET', f'{media}?shift=1', headers=headers)[0] == 206
    headers = {'If-None-Match': tags['?shift=1']}
    assert recorded.daemon.api('GET', f'{media}?shift=1', headers=headers)[0] == 304
    assert recorded.daemon.api('GET', media, headers=headers)[0] == 200


@pytest.mark.parametrize('value', ['-1', 'x', '1.5', '', '2678400000000001', '9' * 30])
def test_shift_out_of_range(recorded, value):
    media = recorded.segments['aac'][0]['media']
    status, _, body = recorded.daemon.api('GET', f'{media}?shift={value}')
    assert status == 400 and body['parameter'] == 'shift'


# --- windows without recordings, and bad ones ---


def test_window_without_recordings(recorded):
    segments = recorded.segments['aac']
    border = find_borders(segments)[0]
    start, end = recorded.window('aac')
    gap = parse_time(segments[border - 1]['end']), parse_time(segments[border]['start'])
    for window, before, after in (
        ((start - 2 * HOUR_US, start - HOUR_US), None, start),
        ((end + HOUR_US, end + 2 * HOUR_US), end, None),
        ((gap[0] + 1000, gap[1] - 1000), gap[0], gap[1]),
    ):
        status, headers, body = recorded.daemon.api('GET', make_path('aac', 'playback.m3u8', *window))
        assert status == 404 and headers['content-type'] == 'application/problem+json'
        assert body['type'] == 'urn:potoo:error:not-found' and body['detail']
        assert parse_time(body['before']) == before and parse_time(body['after']) == after
    # A window that begins in the gap begins with what follows it.
    playlist = get_playlist(recorded.daemon, 'aac', gap[0] + 1000, end)
    assert playlist.segments[0].wall_us == gap[1] and playlist.start_offset == 0
    assert not playlist.segments[0].discontinuity


def test_unknown_camera(daemon):
    for what in ('playback.m3u8?start=2026-01-01T00:00:00Z', 'timeline'):
        status, _, body = daemon.api('GET', f'/api/v1/cameras/nobody/{what}')
        assert status == 404 and body['type'] == 'urn:potoo:error:not-found'
        assert 'before' not in body
    daemon.add_camera(id='newcomer', url='rtsp://192.0.2.1/', enabled=False)
    status, _, body = daemon.api('GET', '/api/v1/cameras/newcomer/playback.m3u8?start=2026-01-01T00:00:00Z')
    assert status == 404 and body['before'] is None and body['after'] is None
    timeline = daemon.get('/api/v1/cameras/newcomer/timeline')
    assert (timeline['spans'], timeline['gaps'], timeline['coverage']) == ([], [], None)


@pytest.mark.parametrize(
    'query, parameter',
    [
        ('playback.m3u8', 'start'),
        ('playback.m3u8?start=yesterday', 'start'),
        ('playback.m3u8?start=2026-01-02T00:00:00Z&end=2026-01-02T00:00:00Z', 'end'),
        ('playback.m3u8?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z', 'end'),
        ('playback.m3u8?start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00.000001Z', 'end'),
        ('playback.m3u8?start=2026-01-01T00:00:00Z&shift=1', 'shift'),
        ('timeline?start=2026-01-01T00:00:00Z&end=2026-02-01T00:00:00.000001Z', 'end'),
        ('timeline?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z', 'end'),
        ('timeline?start=9999-12-31T23:59:59Z', 'end'),
        ('timeline?limit=3', 'limit'),
    ],
)
def test_bad_windows(daemon, query, parameter):
    status, _, body = daemon.api('GET', f'/api/v1/cameras/front/{query}')
    assert status == 400 and body['parameter'] == parameter, body


def test_largest_windows(recorded):
    start, _ = recorded.window('aac')
    assert get_playlist(recorded.daemon, 'aac', start, start + 24 * HOUR_US).segments
    assert get_playlist(recorded.daemon, 'aac', start).segments
    month = 31 * 24 * HOUR_US
    assert get_timeline(recorded.daemon, 'aac', start, start + month)['spans']
    end_of_time = '9999-12-31T23:59:59.999999Z'
    status, _, _ = recorded.daemon.api('GET', f'/api/v1/cameras/aac/playback.m3u8?start={end_of_time}')
    assert status == 404


# --- timeline ---


def assert_timeline(timeline, segments, gaps, start_us, end_us):
    """Against the lists of segments and gaps, by microseconds."""
    expected = []
    for segment in segments:
        if expected and expected[-1]['recording'] == segment['recording']:
            expected[-1]['end'] = segment['end']
            continue
        expected.append({name: segment[name] for name in ('start', 'end', 'recording')})
    assert [{**span, 'open': False} for span in expected] == timeline['spans']
    wanted = [{name: gap[name] for name in ('id', 'start', 'end', 'cause')} for gap in gaps]
    assert timeline['gaps'] == wanted
    recorded_us = sum(parse_time(s['end']) - parse_time(s['start']) for s in expected)
    lost_us = sum(
        min(parse_time(gap['end']), end_us) - max(parse_time(gap['start']), start_us)
        for gap in wanted
    )
    assert timeline['coverage'] == pytest.approx(recorded_us / (recorded_us + lost_us), abs=1e-9)


@pytest.mark.parametrize('camera', CAMERAS)
def test_timeline(recorded, camera):
    segments, gaps = recorded.segments[camera], recorded.daemon.gaps(camera)
    start, end = recorded.window(camera)
    timeline = get_timeline(recorded.daemon, camera, start - HOUR_US, end + HOUR_US)
    assert timeline['camera'] == camera
    assert parse_time(timeline['start']) == start - HOUR_US
    assert parse_time(timeline['end']) == end + HOUR_US
    assert_timeline(timeline, segments, gaps, start - HOUR_US, end + HOUR_US)
    # Clipped to the window; gaps tell their own times.
    clipped = get_timeline(recorded.daemon, camera, start + 1_000_000, end - 1_000_000)
    assert parse_time(clipped['spans'][0]['start']) == start + 1_000_000
    assert parse_time(clipped['spans'][-1]['end']) == end - 1_000_000
    # Half-open.
    assert get_timeline(recorded.daemon, camera, end, end + HOUR_US)['spans'] == []


def test_timeline_of_the_last_day_by_default(recorded):
    timeline = get_timeline(recorded.daemon, 'aac')
    start, end = parse_time(timeline['start']), parse_time(timeline['end'])
    assert end - start == 24 * HOUR_US
    assert abs(end - time.time() * 1_000_000) < 5_000_000 * SLOWNESS
    assert len(timeline['spans']) == 2
    before = get_timeline(recorded.daemon, 'aac', end_us=end)
    assert before['start'] == timeline['start']


@pytest.mark.parametrize('zone', [None, 'Asia/Kathmandu'])
def test_coverage(recorded, zone):
    """Of days: what the timelines of these days tell."""
    query = '' if zone is None else f'?time_zone={zone}'
    days = recorded.daemon.get(f'/api/v1/cameras/aac/coverage{query}')
    assert days['next'] is None and len(days['items']) in (7, 8)
    before = None
    for day in days['items']:
        assert day['start'] == before or before is None
        before = day['end']
        start, end = parse_time(day['start']), parse_time(day['end'])
        timeline = get_timeline(recorded.daemon, 'aac', start, end)
        recorded_us = sum(parse_time(s['end']) - parse_time(s['start']) for s in timeline['spans'])
        assert day['recorded_seconds'] == pytest.approx(recorded_us / 1e6, abs=1e-5)
        assert day['coverage'] == pytest.approx(timeline['coverage'], abs=1e-9)
        assert day['missing_seconds'] == pytest.approx(sum(day['missing_by_cause'].values()), abs=1e-5)
        assert day['deleted_seconds'] == 0
    assert days['items'][-1]['missing_by_cause']['disconnected'] > 0
    if zone:
        assert parse_time(before) % (24 * HOUR_US) == (18 * 60 + 15) * 60 * 1_000_000


def test_while_it_is_recorded(make_daemon, sim):
    """Open spans and gaps; a removed camera is still seen and played."""
    cameras = sim({'door': {}})
    daemon = make_daemon()
    daemon.add_camera(id='door', url=cameras.urls['door'])
    daemon.wait_state('door', 'streaming')
    wait_until(lambda: get_timeline(daemon, 'door')['spans'], 10, 'a span')
    span = get_timeline(daemon, 'door')['spans'][-1]
    assert span['open'] is True
    wait_until(
        lambda: get_timeline(daemon, 'door')['spans'][-1]['end'] > span['end'], 10, 'it to grow'
    )
    cameras.fault('door', 'black-hole', 'on')
    cameras.fault('door', 'drop')
    wait_until(
        lambda: not get_timeline(daemon, 'door')['spans'][-1]['open'], 10, 'the span to end'
    )
    timeline = get_timeline(daemon, 'door')
    assert timeline['gaps'][-1]['end'] is None
    time.sleep(0.2)
    assert get_timeline(daemon, 'door')['coverage'] < timeline['coverage']
    assert daemon.api('DELETE', '/api/v1/cameras/door')[0] == 204
    assert get_timeline(daemon, 'door')['spans'] == timeline['spans']
    assert get_playlist(daemon, 'door', parse_time(timeline['spans'][0]['start'])).segments


# --- what is gone or broken ---


def alter(daemon, sql, *parameters):
    """Changes the catalog under the daemon, as retention and damage will."""
    with sqlite3.connect(daemon.state_dir / 'catalog.db', timeout=20) as link:
        assert link.execute(sql, parameters).rowcount == 1
    link.close()


def list_media(playlist):
    return {segment.uri.split('?')[0] for segment in playlist.segments}


def test_deleted_under_a_player(recorded):
    """The media says so, and the playlist asked anew leaves it out; the rest plays on."""
    daemon, camera = recorded.daemon, 'h265'
    segments, window = recorded.segments[camera], recorded.window(camera)
    deleted = segments[1]
    before = get_playlist(daemon, camera, *window)
    alter(daemon, 'UPDATE segments SET state = 3 WHERE id = ?', int(deleted['id'], 16))
    uri = next(s.uri for s in before.segments if s.uri.startswith(deleted['media']))
    for path in (deleted['media'], uri):
        status, headers, body = daemon.api('GET', path)
        assert status == 404 and body['type'] == 'urn:potoo:error:not-found', body
    after = get_playlist(daemon, camera, *window)
    assert list_media(before) - list_media(after) == {deleted['media']}
    expected = [s for s in segments if s is not deleted]
    seen = potoo_gst.play(recorded.url(camera), timeout=60 * SLOWNESS)
    assert seen['error'] is None
    numbers = [number for number, _ in seen['decoded']]
    assert numbers == [frame.number for frame in read_frames(daemon, expected)]
    spans = get_timeline(daemon, camera, *window)['spans']
    assert not any(
        span['start'] < deleted['end'] and deleted['start'] < span['end'] for span in spans
    )
    # Row and file are gone too.
    daemon.segment_path(deleted).unlink()
    alter(daemon, 'DELETE FROM segments WHERE id = ?', int(deleted['id'], 16))
    assert daemon.api('GET', uri)[0] == 404


def test_damaged(recorded):
    """Of a damaged segment what its row says, of one without a readable index nothing."""
    daemon, camera = recorded.daemon, 'b-frames'
    segments, window = recorded.segments[camera], recorded.window(camera)
    damaged, unreadable = segments[0], segments[1]
    movie = read_movie(daemon.segment_path(damaged))
    size = movie.fragments[4].end + 1
    alter(
        daemon,
        'UPDATE segments SET state = 2, size_bytes = ? WHERE id = ?',
        size,
        int(damaged['id'], 16),
    )
    alter(
        daemon,
        'UPDATE segment_index SET fragments = ? WHERE id = ?',
        b'\1\xff\xff',
        int(unreadable['id'], 16),
    )
    counter = 'potoo_http_unreadable_indexes_total'
    before = daemon.metrics()[counter]
    playlist = get_playlist(daemon, camera, *window)
    assert daemon.metrics()[counter] == before + 1
    assert list_media(playlist) == {s['media'] for s in segments if s is not unreadable}
    own = [s for s in playlist.segments if s.uri.startswith(damaged['media'])]
    assert own[-1].byterange.end == movie.fragments[4].end
    assert playlist.segments[len(own)].discontinuity
    for entry in playlist.segments:
        status, _, part = daemon.api('GET', entry.uri, headers={'Range': entry.byterange.header})
        assert status == 206 and len(part) == entry.byterange.length
    shifted = f'{unreadable["media"]}?shift=1'
    status, _, body = daemon.api('GET', shifted)
    assert status == 500 and body['type'] == 'urn:potoo:error:corrupt'
    assert daemon.api('GET', unreadable['media'])[0] == 200


def test_corrupt_file(recorded):
    """A fragment that is none is never served as if it were: the connection breaks off."""
    daemon = recorded.daemon
    segment = recorded.segments['aac'][0]
    path = daemon.segment_path(segment)
    movie, good = read_movie(path), path.read_bytes()
    at = movie.fragments[2].start
    try:
        path.write_bytes(good[: at + 36] + b'free' + good[at + 40 :])
        with pytest.raises(http.client.IncompleteRead):
            daemon.api('GET', f'{segment["media"]}?shift=1')
        status, _, part = daemon.api(
            'GET', f'{segment["media"]}?shift=1', headers={'Range': f'bytes=0-{at - 1}'}
        )
        assert status == 206 and len(part) == at
        path.write_bytes(b'moov' + good[4:])
        status, _, body = daemon.api('GET', f'{segment["media"]}?shift=1')
        assert status == 500 and body['type'] == 'urn:potoo:error:corrupt'
    finally:
        path.write_bytes(good)


def test_stops_with_a_request_in_flight(make_daemon, sim):
    """A player that does not read holds nobody up."""
    cameras = sim({'door': {'width': 1280, 'height': 720, 'bitrate': 20000, 'loop': 2}})
    daemon = make_daemon()
    daemon.add_camera(id='door', url=cameras.urls['door'])
    daemon.wait_state('door', 'streaming')

    def find_large():
        return [s for s in daemon.segments('door') if s['size'] > 8_000_000]

    segment = wait_until(find_large, 20, 'eight megabytes')[0]
    with socket.socket() as player:
        player.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        player.settimeout(10)
        player.connect(('127.0.0.1', daemon.port))
        player.sendall(
            f'GET {segment["media"]}?shift=9000000000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.encode()
        )
        answer = player.recv(100)
        assert re.match(rb'HTTP/1.1 200', answer)
        before = time.monotonic()
        assert daemon.stop(signal.SIGTERM) == 0
        assert time.monotonic() - before < 8 * SLOWNESS
        try:
            while piece := player.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        assert len(answer) < segment['size'], 'it was not in flight'
