# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras that misbehave: state and reason tell it, a gap row has its cause and times.

All cameras are on one daemon; each test spoils its own, and the last tests look
at those that nobody touched.
"""

import time

import pytest
from potoo_daemon import find_free_port, parse_time
from potoo_ledger import check_ledger
from potoo_mp4 import read_movie
from potoo_process import wait_until
from potoo_recording import check_with_ffprobe, find_lost_and_doubled, probe, read_stamps
from potoo_rtsp import AUDIO_ONLY, MOTION_JPEG, NO_TRACKS, TinyCamera

SMALL = {'codec': 'h264'}
CAMERAS = {
    'quiet-one': SMALL,
    'quiet-two': {**SMALL, 'codec': 'h265'},
    'drop': SMALL,
    'stall': SMALL,
    'silent': {**SMALL, 'audio': 'aac'},
    'audio-goes': {**SMALL, 'audio': 'aac'},
    'auth': {**SMALL, 'user': 'viewer', 'password': 'first'},
    'black-hole': SMALL,
    'refuse': SMALL,
    'no-keyframes': SMALL,
    'resolution': SMALL,
    'udp-only': {**SMALL, 'tcp': 0},
}
SECOND = 1_000_000
GOP = 25
UNTOUCHED = ('quiet-one', 'quiet-two')


@pytest.fixture(scope='module')
def cameras(module_workshop):
    return module_workshop.sim(CAMERAS)


@pytest.fixture(scope='module')
def potoo(module_workshop, cameras):
    daemon = module_workshop.daemon(config={'storage': {'segment-duration': '1h'}})
    for name in UNTOUCHED:
        daemon.add_camera(id=name, url=cameras.urls[name])
    for name in UNTOUCHED:
        daemon.wait_state(name, 'streaming')
    return daemon


def now_us():
    return int(time.time() * SECOND)


def add(potoo, cameras, name, **members):
    """Adds the camera and waits for about three recorded seconds."""
    potoo.add_camera(id=name, url=cameras.urls[name], **members)
    potoo.wait_state(name, 'streaming')
    wait_for_recording(potoo, name, now_us())
    time.sleep(3)


def wait_for_recording(potoo, name, since_us, timeout=30):
    """Until a segment has grown beyond @since_us."""

    def look():
        return any(parse_time(s['end']) > since_us for s in potoo.segments(name))

    wait_until(look, timeout, f'{name} to be recorded')


def wait_for_gap(potoo, name, cause, since_us, ended, timeout=30):
    def look():
        for gap in potoo.gaps(name):
            recent = parse_time(gap['start']) > since_us
            if recent and gap['cause'] == cause and (gap['end'] is not None) == ended:
                return gap
        return None

    try:
        return wait_until(look, timeout, f'a gap of cause {cause} of {name}')
    except AssertionError as error:
        raise AssertionError(f'{error}; gaps: {potoo.gaps(name)}') from None


def expect_gap(potoo, name, cause, from_us, until_us, timeout=60):
    """One gap of @cause, from about @from_us to about @until_us, and just as long as the hole
    between the segments."""
    gap = wait_for_gap(potoo, name, cause, from_us - 2 * SECOND, ended=True, timeout=timeout)
    start_us, end_us = parse_time(gap['start']), parse_time(gap['end'])
    assert abs(start_us - from_us) <= SECOND, (gap, from_us)
    assert abs(end_us - until_us) <= SECOND, (gap, until_us)
    recent = [g for g in potoo.gaps(name) if parse_time(g['start']) > from_us - 2 * SECOND]
    assert [g['cause'] for g in recent] == [cause]
    segments = potoo.segments(name)
    before = max(parse_time(s['end']) for s in segments if parse_time(s['start']) < from_us)
    after = min(parse_time(s['start']) for s in segments if parse_time(s['start']) > from_us)
    assert abs(start_us - before) < SECOND / 10, (gap, segments)
    assert abs(end_us - after) < SECOND / 10, (gap, segments)
    return gap


def first_frame_us(potoo, name, since_us):
    """Wall time of the first recorded frame that the camera sampled after @since_us."""
    walls = [
        stamp.wall_us
        for segment in potoo.segments(name)
        for stamp in read_stamps(potoo.segment_path(segment))
        if stamp.wall_us > since_us
    ]
    return min(walls)


def reason_of(potoo, name):
    return potoo.camera(name)['status']['reason']


def stop_recording(potoo, name):
    segments = potoo.disable_camera(name)
    assert {segment['state'] for segment in segments} == {'closed'}
    paths = [potoo.segment_path(segment) for segment in segments]
    for path in paths:
        assert check_with_ffprobe(path) == ''
    return paths


def test_connection_dropped(potoo, cameras):
    add(potoo, cameras, 'drop')
    dropped_us = now_us()
    cameras.fault('drop', 'drop')
    wait_for_gap(potoo, 'drop', 'disconnected', dropped_us - 2 * SECOND, ended=False, timeout=10)
    potoo.wait_state('drop', 'streaming')
    wait_for_recording(potoo, 'drop', now_us())
    expect_gap(
        potoo, 'drop', 'disconnected', dropped_us, first_frame_us(potoo, 'drop', dropped_us + SECOND // 2)
    )
    paths = stop_recording(potoo, 'drop')
    assert len(paths) == 2
    for path in paths:
        assert find_lost_and_doubled(read_stamps(path)) == ([], [])


def test_stalled(potoo, cameras):
    add(potoo, cameras, 'stall')
    stalled_us = now_us()
    cameras.fault('stall', 'stall', 'on')
    potoo.wait_state('stall', {'backing-off', 'connecting'}, timeout=30)
    assert reason_of(potoo, 'stall')
    wait_for_gap(potoo, 'stall', 'stalled', stalled_us - 2 * SECOND, ended=False, timeout=10)
    cameras.fault('stall', 'stall', 'off')
    over_us = now_us()
    potoo.wait_state('stall', 'streaming', timeout=30)
    wait_for_recording(potoo, 'stall', now_us())
    expect_gap(potoo, 'stall', 'stalled', stalled_us, first_frame_us(potoo, 'stall', over_us))
    stop_recording(potoo, 'stall')


def test_silent_audio_holds_nothing_up(potoo, cameras):
    add(potoo, cameras, 'silent')
    cameras.fault('silent', 'silent-audio', 'on')
    silent_us = now_us()
    for _ in range(8):
        time.sleep(1)
        assert potoo.state('silent') == 'streaming'
    newest = max(parse_time(s['end']) for s in potoo.segments('silent'))
    assert now_us() - newest < 6 * SECOND, 'video waits for audio'
    cameras.fault('silent', 'silent-audio', 'off')
    time.sleep(4)
    paths = stop_recording(potoo, 'silent')
    stamps = [stamp for path in paths for stamp in read_stamps(path)]
    assert find_lost_and_doubled(stamps) == ([], [])
    assert not [g for g in potoo.gaps('silent') if parse_time(g['start']) >= silent_us - 2 * SECOND
                and parse_time(g['start']) < silent_us + 8 * SECOND]
    # The audio that came back is recorded, at its own time.
    movie = read_movie(paths[-1])
    assert movie.duration_s('soun') == pytest.approx(movie.duration_s('vide'), abs=1.0)


def test_audio_track_goes(potoo, cameras):
    add(potoo, cameras, 'audio-goes')
    cameras.fault('audio-goes', 'no-audio', 'on')
    dropped_us = now_us()
    cameras.fault('audio-goes', 'drop')
    wait_for_gap(potoo, 'audio-goes', 'disconnected', dropped_us - 2 * SECOND, ended=True)
    time.sleep(3)
    paths = stop_recording(potoo, 'audio-goes')
    kinds = [sorted(s['codec_type'] for s in probe(path)['streams']) for path in paths]
    assert kinds == [['audio', 'video'], ['video']]


def test_password_changed_and_patched(potoo, cameras):
    add(potoo, cameras, 'auth', username='viewer', password='first')
    cameras.fault('auth', 'set-password', 'second')
    dropped_us = now_us()
    cameras.fault('auth', 'drop')
    camera = potoo.wait_state('auth', 'auth-failed')
    assert camera['status']['reason']
    assert camera['has_password'] is True and 'password' not in camera
    gap = wait_for_gap(potoo, 'auth', 'auth', dropped_us - 2 * SECOND, ended=False)
    assert abs(parse_time(gap['start']) - dropped_us) < 6 * SECOND
    # It is not tried again soon: cameras lock accounts.
    time.sleep(5)
    assert potoo.state('auth') == 'auth-failed'
    patched_us = now_us()
    potoo.patch_camera('auth', password='second')
    potoo.wait_state('auth', 'streaming', timeout=10)
    gap = wait_for_gap(potoo, 'auth', 'auth', dropped_us - 2 * SECOND, ended=True)
    assert abs(parse_time(gap['end']) - first_frame_us(potoo, 'auth', patched_us)) < SECOND
    log = potoo.read_log()
    assert 'first' not in log.replace('first-frame', '') and 'second@' not in log
    stop_recording(potoo, 'auth')


def test_accepts_and_never_answers(potoo, cameras):
    add(potoo, cameras, 'black-hole')
    cameras.fault('black-hole', 'black-hole', 'on')
    dropped_us = now_us()
    cameras.fault('black-hole', 'drop')
    potoo.wait_state('black-hole', {'backing-off', 'connecting'}, timeout=10)
    wait_until(lambda: potoo.state('black-hole') == 'backing-off', 60, 'the camera to time out')
    assert reason_of(potoo, 'black-hole')
    cameras.fault('black-hole', 'black-hole', 'off')
    over_us = now_us()
    potoo.wait_state('black-hole', 'streaming', timeout=60)
    wait_for_recording(potoo, 'black-hole', now_us())
    expect_gap(
        potoo, 'black-hole', 'disconnected', dropped_us, first_frame_us(potoo, 'black-hole', over_us)
    )
    stop_recording(potoo, 'black-hole')


def test_connection_refused(potoo, cameras):
    add(potoo, cameras, 'refuse')
    cameras.fault('refuse', 'refuse', 'on')
    dropped_us = now_us()
    cameras.fault('refuse', 'drop')
    potoo.wait_state('refuse', 'backing-off', timeout=15)
    assert reason_of(potoo, 'refuse')
    time.sleep(4)
    cameras.fault('refuse', 'refuse', 'off')
    over_us = now_us()
    potoo.wait_state('refuse', 'streaming', timeout=40)
    wait_for_recording(potoo, 'refuse', now_us())
    expect_gap(
        potoo, 'refuse', 'disconnected', dropped_us, first_frame_us(potoo, 'refuse', over_us)
    )
    stop_recording(potoo, 'refuse')


@pytest.mark.parametrize(
    'name, make_url',
    [
        ('wrong-path', lambda sim: f'rtsp://127.0.0.1:{sim.port}/nowhere/main'),
        ('closed-port', lambda sim: f'rtsp://127.0.0.1:{find_free_port()}/door/main'),
        ('no-such-host', lambda sim: 'rtsp://camera.invalid/door/main'),
    ],
)
def test_wrong_url(potoo, cameras, name, make_url):
    added_us = now_us()
    potoo.add_camera(id=name, url=make_url(cameras))
    camera = potoo.wait_state(name, 'backing-off', timeout=20)
    assert camera['status']['reason']
    gap = wait_for_gap(potoo, name, 'disconnected', added_us - SECOND, ended=False)
    assert abs(parse_time(gap['start']) - added_us) < SECOND
    assert potoo.api('DELETE', f'/api/v1/cameras/{name}')[0] == 204
    assert potoo.segments(name) == []


@pytest.mark.parametrize(
    'name, sdp, word',
    [
        ('audio-only', AUDIO_ONLY, 'video'),
        ('motion-jpeg', MOTION_JPEG, 'jpeg'),
        ('no-tracks', NO_TRACKS, 'video'),
    ],
)
def test_no_video_that_can_be_recorded(potoo, name, sdp, word):
    with TinyCamera(sdp) as camera:
        added_us = now_us()
        potoo.add_camera(id=name, url=camera.url)
        status = potoo.wait_state(name, 'no-video', timeout=30)['status']
        assert word in status['reason'].lower()
        wait_for_gap(potoo, name, 'no-video', added_us - SECOND, ended=False)
        assert potoo.segments(name) == []
        assert potoo.api('DELETE', f'/api/v1/cameras/{name}')[0] == 204


def test_resolution_change_cuts_cleanly(potoo, cameras):
    add(potoo, cameras, 'resolution')
    cameras.fault('resolution', 'resolution', '640x480')
    wait_until(lambda: len(potoo.segments('resolution')) == 2, 20, 'a second segment')
    time.sleep(3)
    paths = stop_recording(potoo, 'resolution')
    assert [probe(p)['streams'][0]['width'] for p in paths] == [320, 640]
    stamps = [stamp for path in paths for stamp in read_stamps(path)]
    assert find_lost_and_doubled(stamps) == ([], [])


def test_udp_only(potoo, cameras):
    """Transport `auto` goes over to UDP by itself; `tcp` says what to do."""
    add(potoo, cameras, 'udp-only')
    assert potoo.api('PATCH', '/api/v1/cameras/udp-only', {'transport': 'tcp'})[0] == 200
    camera = potoo.wait_state('udp-only', 'no-video')
    assert 'auto' in camera['status']['reason']
    assert potoo.api('PATCH', '/api/v1/cameras/udp-only', {'transport': 'udp'})[0] == 200
    potoo.wait_state('udp-only', 'streaming')
    time.sleep(3)
    stamps = [stamp for path in stop_recording(potoo, 'udp-only') for stamp in read_stamps(path)]
    assert len(stamps) > 100


def test_keyframes_do_not_come(potoo, cameras):
    add(potoo, cameras, 'no-keyframes')
    cameras.fault('no-keyframes', 'no-keyframes', 'on')
    camera = potoo.wait_state('no-keyframes', 'no-keyframes', timeout=60)
    assert camera['status']['reason']
    cameras.fault('no-keyframes', 'no-keyframes', 'off')
    potoo.wait_state('no-keyframes', 'streaming', timeout=40)
    wait_for_recording(potoo, 'no-keyframes', now_us())
    paths = stop_recording(potoo, 'no-keyframes')
    assert len(paths) == 2
    # The camera leaves its keyframes out: only those may lack.
    first = read_stamps(paths[0])[0].number
    for path in paths:
        missing, doubled = find_lost_and_doubled(read_stamps(path))
        assert doubled == []
        assert all((number - first) % GOP == 0 for number in missing), missing


def test_every_hole_has_its_row(potoo):
    for name in {segment['camera'] for segment in potoo.segments()}:
        check_ledger(potoo, name)


@pytest.mark.parametrize('name', UNTOUCHED)
def test_others_are_untouched(potoo, name):
    assert potoo.state(name) == 'streaming'
    paths = stop_recording(potoo, name)
    assert len(paths) == 1
    stamps = read_stamps(paths[0])
    assert len(stamps) > 60 * 25
    assert find_lost_and_doubled(stamps) == ([], [])
    assert [g['cause'] for g in potoo.gaps(name)] in ([], ['disconnected'])
