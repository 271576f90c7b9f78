# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of several cameras over several files: complete, in time, playable."""

from dataclasses import dataclass

import pytest
from potoo_daemon import parse_time
from potoo_mp4 import read_movie
from potoo_process import wait_until
from potoo_recording import (
    check_with_ffprobe,
    decode_with_ffmpeg,
    discover,
    find_lost_and_doubled,
    find_shown_in_disorder,
    probe,
    read_stamps,
)
from potoo_sei import find_out_of_order

FPS = 25
FRAME_S = 1 / FPS
WALL_TOLERANCE_US = 50_000
CAMERAS = {
    'h264-aac': {'codec': 'h264', 'audio': 'aac'},
    'h265': {'codec': 'h265'},
    'b-frames': {'codec': 'h264', 'bframes': 2, 'audio': 'opus', 'gop': 50},
}
AUDIO = {'h264-aac': 'aac', 'b-frames': 'opus'}
AUDIO_FRAME_S = {'aac': 1024 / 16000, 'opus': 0.02}
SEGMENTS = 4


@dataclass
class Recording:
    daemon: object
    segments: dict  # by camera
    movies: dict  # by path
    paths: dict  # by camera, in order


@pytest.fixture(scope='module')
def recording(module_workshop):
    """Three cameras over SEGMENTS files each, then disabled: all files are closed, the API answers."""
    sim = module_workshop.sim(CAMERAS)
    daemon = module_workshop.daemon()
    for name in CAMERAS:
        daemon.add_camera(id=name, url=sim.urls[name])
    for name in CAMERAS:
        daemon.wait_segments(name, SEGMENTS - 1, timeout=SEGMENTS * 13 + 10)
    segments, paths, movies = {}, {}, {}
    for name in CAMERAS:
        segments[name] = daemon.disable_camera(name)
        paths[name] = [daemon.segment_path(s) for s in segments[name]]
        movies.update((path, read_movie(path)) for path in paths[name])
    return Recording(daemon, segments, movies, paths)


@pytest.mark.parametrize('camera', CAMERAS)
def test_every_frame_is_there_once(recording, camera):
    stamps = [stamp for path in recording.paths[camera] for stamp in read_stamps(path)]
    assert len(stamps) > (SEGMENTS - 1) * 10 * FPS * 0.9
    reorder = CAMERAS[camera].get('bframes', 0)
    assert find_lost_and_doubled(stamps, reorder) == ([], [])
    assert find_out_of_order([stamp.number for stamp in stamps], reorder) == []


@pytest.mark.parametrize('camera', CAMERAS)
def test_every_sample_is_a_stamped_frame(recording, camera):
    for path in recording.paths[camera]:
        movie = recording.movies[path]
        track = movie.track_of('vide').track_id
        assert sum(len(f.runs[track].sizes) for f in movie.fragments) == len(read_stamps(path))


@pytest.mark.parametrize('camera', CAMERAS)
def test_frames_are_shown_in_their_order(recording, camera):
    for path in recording.paths[camera]:
        assert find_shown_in_disorder(path) == []


@pytest.mark.parametrize('camera', CAMERAS)
def test_ffprobe_and_decoders_have_nothing_to_say(recording, camera):
    for path in recording.paths[camera]:
        assert check_with_ffprobe(path) == ''
        assert decode_with_ffmpeg(path) == ''


@pytest.mark.parametrize('camera', CAMERAS)
def test_durations_agree(recording, camera):
    """Discoverer's, the API's, the header's and the index's duration are the same to one frame."""
    # An audio frame that begins within the last picture ends behind it.
    frame_s = max(FRAME_S, AUDIO_FRAME_S.get(CAMERAS[camera].get('audio'), 0))
    for segment, path in zip(recording.segments[camera], recording.paths[camera]):
        row = recording.daemon.query(
            'SELECT duration_ticks FROM segments WHERE id = ?', int(segment['id'], 16)
        )[0]
        index_s = row['duration_ticks'] / 90000
        movie = recording.movies[path]
        wall_s = (parse_time(segment['end']) - parse_time(segment['start'])) / 1e6
        assert discover(path) == pytest.approx(index_s, abs=frame_s)
        assert movie.mehd_duration / movie.movie_timescale == pytest.approx(index_s, abs=FRAME_S)
        assert movie.duration_s() == pytest.approx(index_s, abs=0.001)
        assert segment['duration'] == pytest.approx(index_s, abs=0.001)
        assert wall_s == pytest.approx(index_s, abs=0.05)


@pytest.mark.parametrize('camera', CAMERAS)
def test_index_names_each_fragment(recording, camera):
    for segment, path in zip(recording.segments[camera], recording.paths[camera]):
        movie = recording.movies[path]
        assert segment['size'] == path.stat().st_size == movie.fragments[-1].end
        ends = [movie.init_size] + [f.end for f in movie.fragments]
        assert [f.start for f in movie.fragments] == ends[:-1]


@pytest.mark.parametrize('camera', CAMERAS)
def test_files_start_at_zero(recording, camera):
    b_frames = CAMERAS[camera].get('bframes', 0)
    for path in recording.paths[camera]:
        assert 0 <= float(probe(path)['format']['start_time']) <= (1 + b_frames) * FRAME_S + 0.001
        movie = recording.movies[path]
        assert min(run.decode_time for run in movie.fragments[0].runs.values()) == 0


@pytest.mark.parametrize('camera', CAMERAS)
def test_files_start_with_a_keyframe(recording, camera):
    for path in recording.paths[camera]:
        movie = recording.movies[path]
        assert movie.fragments[0].runs[movie.track_of('vide').track_id].keys[0]


@pytest.mark.parametrize('camera', CAMERAS)
def test_decoding_times_have_no_hole(recording, camera):
    for path in recording.paths[camera]:
        movie = recording.movies[path]
        track = movie.track_of('vide').track_id
        for before, after in zip(movie.fragments, movie.fragments[1:]):
            assert after.runs[track].decode_time == before.runs[track].end


def wall_errors_us(movie, path):
    """How much later than the camera's own wall time each fragment's first frame is dated by prft."""
    track = movie.track_of('vide')
    for fragment in movie.fragments:
        run = fragment.runs[track.track_id]
        shown = run.decode_time + run.offsets[0] - fragment.prft_media_time
        stamp = read_stamps(path, fragment.start, fragment.end)[0]
        yield fragment.prft_wall_us + shown * 1_000_000 / track.timescale - stamp.wall_us


@pytest.mark.parametrize('camera', CAMERAS)
def test_wall_time_agrees_with_the_camera(recording, camera):
    """prft of each fragment, and the start of the row, with the wall time in the frames."""
    errors = []
    for segment, path in zip(recording.segments[camera], recording.paths[camera]):
        found = list(wall_errors_us(recording.movies[path], path))
        first = recording.movies[path].fragments[0]
        assert abs(parse_time(segment['start']) - first.prft_wall_us) <= 1000
        errors += found
    print([round(error / 1000, 1) for error in errors])
    assert max(map(abs, errors)) <= WALL_TOLERANCE_US


@pytest.mark.parametrize('camera', CAMERAS)
def test_segments_join_without_gap(recording, camera):
    segments = recording.segments[camera]
    for before, after in zip(segments, segments[1:]):
        assert before['end'] == after['start']
        assert before['recording'] == after['recording']
    causes = [gap['cause'] for gap in recording.daemon.gaps(camera)]
    # Only that it was not connected yet may be a gap.
    assert causes in ([], ['disconnected'])


@pytest.mark.parametrize('camera', AUDIO)
def test_audio_goes_along(recording, camera):
    """Audio starts and ends with video in every file, and none is lost between files."""
    audio_s = video_s = 0
    for path in recording.paths[camera]:
        movie = recording.movies[path]
        video, audio = movie.track_of('vide'), movie.track_of('soun')
        assert audio is not None, path
        runs = [f.runs[audio.track_id] for f in movie.fragments if audio.track_id in f.runs]
        for before, after in zip(runs, runs[1:]):
            # Times follow the network's; less than 50 ms is no lost audio frame.
            assert 0 <= after.decode_time - before.end < audio.timescale * 0.05
        start_s = runs[0].decode_time / audio.timescale
        video_start_s = movie.fragments[0].runs[video.track_id].decode_time / video.timescale
        if path != recording.paths[camera][0]:
            assert abs(start_s - video_start_s) < 0.1
            assert abs(movie.duration_s('soun') - movie.duration_s('vide')) < 0.2
            audio_s += movie.duration_s('soun')
            video_s += movie.duration_s('vide')
    assert audio_s == pytest.approx(video_s, abs=0.3)


@pytest.mark.parametrize('camera', AUDIO)
def test_audio_codec(recording, camera):
    streams = {s['codec_type']: s['codec_name'] for s in probe(recording.paths[camera][0])['streams']}
    assert streams == {'video': 'h264', 'audio': AUDIO[camera]}


def test_media_by_ranges(recording):
    segment = recording.segments['h264-aac'][0]
    data = recording.paths['h264-aac'][0].read_bytes()
    path = f'/api/v1/segments/{segment["id"]}/media.mp4'
    api = recording.daemon.api

    status, headers, body = api('GET', path)
    assert (status, headers['content-type'], body) == (200, 'video/mp4', data)
    assert headers['accept-ranges'] == 'bytes'

    def get_range(value):
        status, headers, body = api('GET', path, headers={'Range': value})
        return status, headers.get('content-range'), body

    size = len(data)
    assert get_range('bytes=0-99') == (206, f'bytes 0-99/{size}', data[:100])
    assert get_range('bytes=1000-') == (206, f'bytes 1000-{size - 1}/{size}', data[1000:])
    assert get_range('bytes=-500') == (206, f'bytes {size - 500}-{size - 1}/{size}', data[-500:])
    assert get_range(f'bytes=10-{size + 5}') == (206, f'bytes 10-{size - 1}/{size}', data[10:])
    assert get_range(f'bytes={size}-')[:2] == (416, f'bytes */{size}')

    status, headers, body = api('HEAD', path)
    assert (status, headers['content-length'], body) == (200, str(size), b'')


def test_clock_of_the_camera(sim, make_daemon):
    """A segment tells how far the camera's own clock was from ours."""
    cameras = sim({'ahead': {}})
    daemon = make_daemon(config={'storage': {'sync-interval': '1s'}})
    daemon.add_camera(id='ahead', url=cameras.urls['ahead'])
    (segment, *_) = wait_until(lambda: daemon.segments('ahead'), 20, 'a segment')
    wait_until(lambda: offset_of(daemon, segment) == pytest.approx(0, abs=5), 20, 'a sender report')
    cameras.fault('ahead', 'clock-jump', '3600')
    wait_until(lambda: offset_of(daemon, segment) == pytest.approx(3600, abs=5), 20, 'another one')
    (closed, *_) = daemon.disable_camera('ahead')
    assert closed['id'] == segment['id'] and closed['clock_offset'] == pytest.approx(3600, abs=5)


def offset_of(daemon, segment):
    return daemon.get(f'/api/v1/segments/{segment["id"]}')['clock_offset']
