# SPDX-License-Identifier: GPL-3.0-or-later
"""What cameras send beside H.264 with AAC: other sound, other video, odd streams.

All cameras are on one daemon and record at the same time; what each did wrong or sent
oddly happens while they do. Then all are disabled, and the files are looked at.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from potoo_audio import list_sound_times, sound_errors_ms
from potoo_daemon import parse_time
from potoo_ledger import check_ledger
from potoo_mp4 import read_movie
from potoo_process import wait_until
from potoo_recording import (
    check_with_ffprobe,
    decode_with_ffmpeg,
    find_lost_and_doubled,
    find_shown_in_disorder,
    frame_wall_errors_us,
    list_picture_positions,
    probe,
    read_stamps,
)

SECOND = 1_000_000
FPS = 25
RECORD_S = 10
SOUND_ERROR_MS = 20 + 2  # encoders tolerate (potoo-audio-encoder.c), and the delay of G.722's filters
LOOP_S = 4  # of sound
PACKET_MS = 40
LATE_MS = 60  # what a packet may wait for a busy machine

# codec of the camera's sound, what it is to become
SOUND = {
    'pcmu': ('pcmu', 'aac'),
    'pcma': ('pcma', 'opus'),
    'l16': ('l16', 'aac'),
    'g722': ('g722', 'aac'),
    'g726': ('g726', 'opus'),
    'mp2': ('mp2', 'aac'),
}
ODD = {
    'all-at-once': {'codec': 'h265', 'fps': 60, 'gop': 60, 'sprop': 0, 'bframes': 2, 'metadata': 1},
    'wrap': {'wrap': 8, 'sprop': 0, 'bframes': 2, 'audio': 'pcmu'},
    'sprop-only': {'inband': 0, 'bframes': 2},
    'jump-ahead': {'audio': 'pcmu', 'codec': 'h265'},
    'jump-back': {'audio': 'aac'},
    'long-gop': {'gop': 500, 'loop': 20, 'audio': 'pcmu'},
    'frozen': {'audio': 'pcmu'},
    'resolution': {'bframes': 2, 'audio': 'pcmu'},
    'late-sound': {'audio': 'pcmu', 'metadata': 1},
}
JPEG = {
    'jpeg': {'codec': 'mjpeg', 'audio': 'pcmu'},
    'jpeg-refused': {'codec': 'mjpeg'},
    # Refused also where it comes at half its rate.
    'jpeg-too-much': {'codec': 'mjpeg', 'width': 2040, 'height': 2040, 'fps': 40, 'loop': 2},
}
SLOW = {'slow': {'interval': 5, 'gop': 1, 'audio': 'pcma'}}
CAMERAS = {
    **{name: {'audio': sound} for name, (sound, _) in SOUND.items()},
    **ODD,
    **JPEG,
    **SLOW,
}
RECORDED = [name for name in CAMERAS if name not in ('jpeg-refused', 'jpeg-too-much')]
STAMPED = [name for name in RECORDED if name not in JPEG]


@dataclass
class Recording:
    daemon: object
    status: dict  # by camera, while it recorded
    refused: dict  # status of the camera that was to be asked first
    segments: dict  # by camera
    paths: dict  # by camera, in order
    gaps: dict  # by camera, until the end of that
    metrics: dict  # at that time: they go with a connection
    marks_us: dict  # by camera: when a mark in its sound was made


def settings_of(name):
    return {
        'audio_codec': SOUND.get(name, ('', 'aac'))[1],
        'transcode_video': name in ('jpeg', 'jpeg-too-much'),
    }


def misbehave(sim):
    """Takes RECORD_S from when all cameras are recorded."""
    time.sleep(2)
    sim.fault('jump-ahead', 'time-jump', '3600')
    sim.fault('jump-back', 'time-jump', '-2')
    sim.fault('frozen', 'freeze-time', 'on')
    sim.fault('resolution', 'resolution', '640x480')
    sim.fault('late-sound', 'silent-audio', 'off')
    time.sleep(3)
    sim.fault('jump-ahead', 'time-jump', '-7200')
    sim.fault('late-sound', 'silent-audio', 'on')
    time.sleep(2)
    sim.fault('jump-back', 'time-jump', '-30000')
    sim.fault('frozen', 'freeze-time', 'off')
    sim.fault('late-sound', 'silent-audio', 'off')
    time.sleep(RECORD_S - 7)


def read_mark_us(sim, name):
    return json.loads(sim.fault(name, 'status').removeprefix('ok '))['sound_mark_us']


@pytest.fixture(scope='module')
def recording(module_workshop):
    sim = module_workshop.sim(CAMERAS)
    sim.fault('late-sound', 'silent-audio', 'on')
    daemon = module_workshop.daemon(config={'storage': {'segment-duration': '1h'}})
    for name in CAMERAS:
        daemon.add_camera(id=name, url=sim.urls[name], **settings_of(name))
    for name in RECORDED:
        daemon.wait_state(name, 'streaming', timeout=40)
    refused = daemon.wait_state('jpeg-refused', 'no-video')['status']
    assert daemon.segments('jpeg-refused') == []
    daemon.patch_camera('jpeg-refused', transcode_video=True)
    wait_until(lambda: daemon.segments('long-gop'), 30, 'its first keyframe')
    misbehave(sim)
    status = {name: daemon.camera(name)['status'] for name in CAMERAS}
    gaps = {name: daemon.gaps(name) for name in RECORDED}
    metrics = daemon.metrics()
    marks_us = {name: read_mark_us(sim, name) for name in CAMERAS}
    with ThreadPoolExecutor(8) as pool:
        segments = dict(zip(RECORDED, pool.map(daemon.disable_camera, RECORDED)))
    paths = {name: [daemon.segment_path(s) for s in segments[name]] for name in RECORDED}
    return Recording(daemon, status, refused, segments, paths, gaps, metrics, marks_us)


def newest(recording, name):
    """The longest of its files."""
    return max(recording.paths[name], key=lambda path: path.stat().st_size)


# --- of all ---


@pytest.mark.parametrize('name', STAMPED)
def test_every_frame_is_there_once(recording, name):
    stamps = [stamp for path in recording.paths[name] for stamp in read_stamps(path)]
    fps = 0.2 if name == 'slow' else CAMERAS[name].get('fps', FPS)
    assert len(stamps) > (RECORD_S - 3) * fps
    reorder = CAMERAS[name].get('bframes', 0)
    assert find_lost_and_doubled(stamps, reorder) == ([], [])


@pytest.mark.parametrize('name', RECORDED)
def test_files_are_sound(recording, name):
    for path in recording.paths[name]:
        assert check_with_ffprobe(path) == ''
        if name in SOUND or name in JPEG or name == 'late-sound':
            assert decode_with_ffmpeg(path) == ''


@pytest.mark.parametrize('name', RECORDED)
def test_no_gap_but_the_first(recording, name):
    assert [gap['cause'] for gap in recording.gaps[name]] in ([], ['disconnected'])
    check_ledger(recording.daemon, name)


@pytest.mark.parametrize('name', STAMPED)
def test_frames_are_shown_in_their_order_and_time(recording, name):
    """Time stamps that wrap, jump or stand still leave no trace in the recording."""
    for path in recording.paths[name]:
        assert find_shown_in_disorder(path) == []
        errors = sorted(map(abs, frame_wall_errors_us(path)))
        print(f'{path.name}: median {errors[len(errors) // 2]} µs, most {errors[-1]} µs')
        assert errors[len(errors) // 2] < 50_000
        # Without time stamps there is nothing but when they arrive.
        assert errors[-1] < 250_000 or name == 'frozen'


# --- sound ---


@pytest.mark.parametrize('name', SOUND)
def test_sound_is_encoded(recording, name):
    kinds = {s['codec_type']: s['codec_name'] for s in probe(newest(recording, name))['streams']}
    assert kinds['audio'] == SOUND[name][1]
    assert recording.status[name]['reason'] is None
    codec = {'aac': 'mp4a.40.2', 'opus': 'opus'}[SOUND[name][1]]
    assert recording.status[name]['audio_codec'] == codec


# The MPEG coder of the simulated camera has a delay of its own; packets of G.726 last a quarter of
# a second, by which they are late until sender reports have come, and some seconds longer.
@pytest.mark.parametrize('name', [name for name in SOUND if name not in ('mp2', 'g726')])
def test_sound_goes_with_the_picture(recording, name):
    """What is heard and what is seen were made at the same time."""
    errors = sound_errors_ms(newest(recording, name), recording.marks_us[name], LOOP_S * SECOND)
    print(errors)
    assert len(errors) >= 2
    assert max(map(abs, errors[1:])) < SOUND_ERROR_MS


@pytest.mark.parametrize('name', [*SOUND, 'long-gop', 'wrap', 'resolution'])
def test_sound_has_no_hole(recording, name):
    for path in recording.paths[name]:
        if path != recording.paths[name][0] or read_movie(path).track_of('soun') is not None:
            times = list_sound_times(path)
            steps = [b - a for a, b in zip(times, times[1:])]
            assert max(steps) < 1.5 * sorted(steps)[len(steps) // 2]


def test_sound_that_comes_and_goes(recording):
    """It is recorded while it comes, at its own time, and nothing else is disturbed."""
    paths = recording.paths['late-sound']
    with_sound = [path for path in paths if read_movie(path).track_of('soun') is not None]
    assert with_sound == paths[1:] and len(paths) == 2
    errors = sound_errors_ms(paths[1], recording.marks_us['late-sound'], LOOP_S * SECOND)
    # Each time it comes anew it is late by a packet, and by what the packet waited for a processor,
    # until a sender report tells more.
    assert errors and max(map(abs, errors)) < PACKET_MS + LATE_MS
    times = list_sound_times(paths[1])
    pauses = [b - a for a, b in zip(times, times[1:]) if b - a > 1]
    assert len(pauses) == 1 and 2 < pauses[0] < 5


# --- video ---


def test_resolution_changes(recording):
    widths = [probe(path)['streams'][0]['width'] for path in recording.paths['resolution']]
    assert widths == [320, 640]


def test_jpeg_becomes_h264(recording):
    status = recording.status['jpeg']
    assert status['video_codec'].startswith('avc1.') and status['audio_codec'] == 'mp4a.40.2'
    assert status['fps'] == pytest.approx(FPS, rel=0.2)
    # Keyframes come by number: later, where pictures were dropped.
    distance = 2.001 + dropped_pictures(recording) / FPS
    for path in recording.paths['jpeg']:
        movie = read_movie(path)
        track = movie.track_of('vide')
        runs = [f.runs[track.track_id] for f in movie.fragments]
        assert all(offset == 0 for run in runs for offset in run.offsets), 'B-frames'
        keys, at = [], 0
        for run in runs:
            at = run.decode_time
            for duration, key in zip(run.durations, run.keys):
                keys += [at / track.timescale] if key else []
                at += duration
        assert all(b - a <= distance for a, b in zip(keys, keys[1:]))
        assert at / track.timescale - keys[-1] <= distance


def dropped_pictures(recording):
    return recording.metrics['potoo_transcode_dropped_total{camera="jpeg",stream="main",track="video"}']


def test_jpeg_pictures_come_in_order(recording):
    """Each picture is the next one of the camera's loop, but for those that were dropped and counted."""
    loop = LOOP_S * FPS
    dropped = dropped_pictures(recording)
    positions = [p for path in recording.paths['jpeg'] for p in list_picture_positions(path)]
    assert len(positions) > (RECORD_S - 4) * FPS - dropped
    del positions[-2 * FPS :]  # what came after it was counted, which takes a while on a busy machine
    steps = [(b - a) % loop for a, b in zip(positions, positions[1:])]
    assert 0 not in steps
    assert sum(step - 1 for step in steps) <= dropped


def test_jpeg_without_the_setting(recording):
    reason = recording.refused['reason']
    assert 'JPEG' in reason and 'transcode_video' in reason
    # It was set then.
    assert recording.status['jpeg-refused']['state'] == 'streaming'
    assert recording.daemon.segments('jpeg-refused') != []


def test_jpeg_that_the_machine_cannot_encode(recording):
    status = recording.status['jpeg-too-much']
    assert status['state'] == 'no-video'
    assert 'JPEG' in status['reason'] and 'This machine' in status['reason']
    assert recording.daemon.segments('jpeg-too-much') == []
    gaps = recording.daemon.gaps('jpeg-too-much')
    assert {gap['cause'] for gap in gaps} <= {'no-video', 'disconnected'}


def test_slow_camera_is_not_taken_for_stalled(recording):
    assert recording.status['slow']['state'] == 'streaming'
    segments = recording.segments['slow']
    assert len(segments) == 1
    length_us = parse_time(segments[0]['end']) - parse_time(segments[0]['start'])
    assert length_us > (RECORD_S - 6) * SECOND
