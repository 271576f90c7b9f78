# SPDX-License-Identifier: GPL-3.0-or-later
"""Forty cameras: one SIGTERM ends them all in time, also those that answer nothing any more."""

import os
import signal
import time

import pytest
from potoo_mp4 import read_movie
from potoo_process import SLOWNESS, wait_until

CAMERAS = 40
LIMIT_S = 3 * SLOWNESS
CLOSED = 1  # catalog/potoo-catalog-segments.h
# Cheap for the machine that tests: one loop, encoded once for all of them.
CHEAP = {'width': 160, 'height': 120, 'fps': 5, 'gop': 5, 'bitrate': 50}


def list_states(daemon):
    return [camera['status']['state'] for camera in daemon.list_all('/api/v1/cameras')]


@pytest.fixture
def cameras(sim, daemon):
    """All of them are streaming and recorded."""
    cameras = sim({f'camera-{n}': CHEAP for n in range(CAMERAS)})
    for name, url in cameras.urls.items():
        daemon.add_camera(id=name, url=url)
    wait_until(lambda: list_states(daemon).count('streaming') == CAMERAS, 60, 'all to stream')
    time.sleep(4)
    return cameras


def check_stop(daemon):
    started = time.monotonic()
    assert daemon.stop() == 0
    taken = time.monotonic() - started
    print(f'stopped within {taken:.2f} s')
    assert taken < LIMIT_S
    assert 'not disconnected' not in daemon.read_log()
    rows = daemon.query('SELECT * FROM segments')
    assert {row['state'] for row in rows} == {CLOSED}
    files = list(daemon.recordings_dir.rglob('*.mp4'))
    assert len(files) == len(rows) >= CAMERAS
    for path in files:
        assert read_movie(path).mehd_duration > 0


def test_some_are_black_holes(cameras, daemon):
    for name in list(cameras.urls)[::5]:
        cameras.fault(name, 'black-hole', 'on')
        cameras.fault(name, 'drop')
    wait_until(lambda: list_states(daemon).count('connecting') == CAMERAS // 5, 20, 'black holes')
    check_stop(daemon)


def test_all_are_dead_peers(cameras, daemon):
    """Connected, but nobody answers the TEARDOWN."""
    os.kill(cameras.pid, signal.SIGSTOP)
    time.sleep(1)
    check_stop(daemon)
