# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine or the network pauses: what the kernel's buffers kept is recorded, whole."""

import os
import signal
import time

import pytest
from potoo_daemon import parse_time
from potoo_ledger import check_ledger
from potoo_recording import (
    check_with_ffprobe,
    find_lost_and_doubled,
    find_shown_in_disorder,
    frame_wall_errors_us,
    read_stamps,
)

WALL_TOLERANCE_US = 50_000
CAMERAS = {'h264': {'audio': 'aac'}, 'h265': {'codec': 'h265'}, 'b-frames': {'bframes': 2}}


@pytest.mark.parametrize('pause_s', [0.5, 2, 4])
def test_recorder_paused(sim, daemon, pause_s):
    cameras = sim(CAMERAS)
    for name, url in cameras.urls.items():
        daemon.add_camera(id=name, url=url)
    for name in CAMERAS:
        daemon.wait_state(name, 'streaming')
    time.sleep(3)
    paused_us = time.time_ns() // 1000
    os.kill(daemon.pid, signal.SIGSTOP)
    time.sleep(pause_s)
    os.kill(daemon.pid, signal.SIGCONT)
    time.sleep(3)
    for name in CAMERAS:
        segments = daemon.disable_camera(name)
        paths = [daemon.segment_path(segment) for segment in segments]
        stamps = [stamp for path in paths for stamp in read_stamps(path)]
        assert find_lost_and_doubled(stamps, CAMERAS[name].get('bframes', 0)) == ([], [])
        assert [g for g in daemon.gaps(name) if parse_time(g['start']) >= paused_us] == []
        check_ledger(daemon, name)
        for path in paths:
            assert check_with_ffprobe(path) == ''
            assert find_shown_in_disorder(path) == []
            assert max(map(abs, frame_wall_errors_us(path))) <= WALL_TOLERANCE_US
