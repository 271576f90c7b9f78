# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that fail: state and reason tell it, a gap row has its cause and times.

All cameras are on one daemon; each test spoils its own, and the last tests look
at those that nobody touched.
"""

import time

import pytest
from potoo_daemon import find_free_port, parse_time
from potoo_faults import (
    SECOND,
    SMALL,
    UNTOUCHED,
    add,
    expect_gap,
    first_frame_us,
    now_us,
    reason_of,
    start_untouched,
    stop_recording,
    wait_for_gap,
    wait_for_recording,
)
from potoo_ledger import check_ledger
from potoo_process import wait_until
from potoo_recording import find_lost_and_doubled, read_stamps

CAMERAS = {
    **UNTOUCHED,
    'drop': SMALL,
    'stall': SMALL,
    'auth': {**SMALL, 'user': 'viewer', 'password': 'first'},
    'black-hole': SMALL,
    'refuse': SMALL,
}


@pytest.fixture(scope='module')
def cameras(module_workshop):
    return module_workshop.sim(CAMERAS)


@pytest.fixture(scope='module')
def potoo(module_workshop, cameras):
    return start_untouched(module_workshop, cameras)


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


def test_every_hole_has_its_row(potoo):
    for name in {segment['camera'] for segment in potoo.segments()}:
        check_ledger(potoo, name)


@pytest.mark.parametrize('name', UNTOUCHED)
def test_others_are_untouched(potoo, name):
    assert potoo.state(name) == 'streaming'
    paths = stop_recording(potoo, name)
    assert len(paths) == 1
    stamps = read_stamps(paths[0])
    assert len(stamps) > 30 * 25
    assert find_lost_and_doubled(stamps) == ([], [])
    assert [g['cause'] for g in potoo.gaps(name)] in ([], ['disconnected'])
