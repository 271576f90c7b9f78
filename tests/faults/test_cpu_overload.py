# SPDX-License-Identifier: GPL-3.0-or-later
"""Too few processors: what serves those who watch gives way, and recording loses nothing.

How long recording waits for a processor is what the test says (`POTOO_TEST_CPU_WAIT`)."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from potoo_changes import Changes
from potoo_daemon import parse_time
from potoo_faults import now_us
from potoo_process import POTOOCTL, wait_until
from potoo_recording import find_lost_and_doubled, read_stamps
from potoo_restream import Viewer, describe, url_of, wait_for_viewers

CAMERAS = {'door': {'audio': 'aac'}, 'yard': {}}
RISE_S, FALL_S = 3, 10
WORDS = 'The processor is overloaded; recording goes first'
SNAPSHOT = '/api/v1/cameras/{}/snapshot.jpg?height=180'
# Threads by name; GStreamer's are named after their pads.
RECORDING, VIEWING = {'rtsp-source', 'writer'}, {'potoo-live', 'rtsp', 'rtsp-media'}


class Stage:
    def __init__(self, workshop):
        self.sim = workshop.sim(CAMERAS)
        self.wait = workshop.directory / 'cpu-wait'
        self.bus = workshop.bus()
        self.daemon = workshop.daemon(env={'POTOO_TEST_CPU_WAIT': str(self.wait), **self.bus.env})
        wait_until(lambda: 'Potoo is org.potoo.Nvr1' in self.daemon.read_log(), 20, 'the bus')
        for name, url in self.sim.urls.items():
            self.daemon.add_camera(id=name, url=url)
        for name in CAMERAS:
            self.daemon.wait_state(name, 'streaming')

    @property
    def overload(self):
        return self.daemon.get('/api/v1/system')['overload']

    def read_status(self):
        env = {**os.environ, **self.bus.env, 'LC_ALL': 'C.UTF-8'}
        return subprocess.run([POTOOCTL, 'status'], env=env, capture_output=True, text=True, check=True).stdout

    def set_wait(self, percent, overload, timeout):
        """Recording waits for @percent of the time, until @overload is what comes of it."""
        new = self.wait.with_suffix('.new')
        new.write_text(str(percent), encoding='ascii')
        new.rename(self.wait)

        def look():
            self.poll('door')  # a live output ends when nobody asks any more
            return self.overload == overload

        wait_until(look, 10 + 3 * timeout, f'overload to be {overload}')

    def poll(self, camera):
        """The status of its playlist."""
        return self.daemon.api('GET', f'/live/{camera}/ts.m3u8')[0]

    def assert_refused(self, path):
        status, headers, problem = self.daemon.api('GET', path)
        assert (status, problem['type'], problem['detail']) == (503, 'urn:potoo:error:busy', WORDS)
        assert int(headers['retry-after']) > 0

    def watch(self, camera):
        """Over RTSP; once the camera's hub has enough to begin with."""
        wait_until(lambda: describe(self.daemon, camera) == 200, 20, f'{camera} over RTSP')
        viewer = Viewer(url_of(self.daemon, camera))
        viewer.wait_picture()
        return viewer

    def count(self, metric, work):
        return self.daemon.metrics()[f'potoo_overload_{metric}_total{{work="{work}"}}']


def read_threads(pid):
    """(name, nice value) of each thread."""
    threads = []
    for thread in Path(f'/proc/{pid}/task').iterdir():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            head, fields = (thread / 'stat').read_text(encoding='utf-8').rsplit(')', 1)
            threads.append((head.split('(', 1)[1], int(fields.split()[16])))
    return threads


@pytest.fixture(scope='module')
def stage(module_workshop):
    return Stage(module_workshop)


def test_viewing_gives_way_and_comes_back(stage):
    daemon = stage.daemon
    wait_until(lambda: stage.poll('door') == 200, 20, 'live video')
    begun_us = now_us()
    viewer = stage.watch('door')
    wait_until(lambda: daemon.api('GET', SNAPSHOT.format('door'))[0] == 200, 20, 'a picture')
    assert stage.overload == 'none'

    with Changes(daemon) as changes:
        stage.set_wait(50, 'refusing', RISE_S)
        assert stage.poll('door') == 200 and not viewer.closed  # what runs goes on
        assert changes.wait('overload') == {'overload': 'refusing'}
    assert WORDS in stage.read_status()
    stage.assert_refused('/live/yard/ts.m3u8')
    stage.assert_refused(SNAPSHOT.format('yard'))
    assert daemon.api('GET', SNAPSHOT.format('door'))[0] == 200  # an old one
    assert describe(daemon, 'yard') == 503
    assert stage.count('refused', 'live') == 1 and stage.count('refused', 'restream') == 1

    stage.set_wait(100, 'ending', RISE_S)
    wait_for_viewers(daemon, 0)
    wait_until(lambda: daemon.metrics()['potoo_live_outputs'] == 0, 10, 'live outputs to end')
    wait_until(lambda: viewer.closed, 10, 'the viewer to notice')
    stage.assert_refused('/live/door/ts.m3u8')
    assert stage.count('ended', 'live') == 1 and stage.count('ended', 'restream') == 1
    viewer.stop()

    stage.set_wait(0, 'none', 2 * FALL_S)
    assert WORDS not in stage.read_status()
    wait_until(lambda: stage.poll('yard') == 200, 20, 'live video again')
    wait_until(lambda: daemon.api('GET', SNAPSHOT.format('yard'))[0] == 200, 20, 'a picture again')
    stage.watch('yard').stop()
    assert 'The processor is overloaded (recording waits for it 100% of the time)' in daemon.read_log()
    for name in CAMERAS:
        stamps = [s for segment in daemon.disable_camera(name) for s in read_stamps(daemon.segment_path(segment))]
        assert find_lost_and_doubled(stamps) == ([], [])
        assert [g for g in daemon.gaps(name) if parse_time(g['end']) >= begun_us] == []


def test_it_is_over_with_the_last_camera(stage):
    daemon = stage.daemon
    for name in CAMERAS:
        daemon.patch_camera(name, enabled=True)
        daemon.wait_state(name, 'streaming')
    stage.set_wait(50, 'refusing', RISE_S)
    for name in CAMERAS:
        daemon.patch_camera(name, enabled=False)
    wait_until(lambda: stage.overload == 'none', 20, 'the overload to end')


def test_weight_of_threads(stage):
    """Recording has more of it than all that serves those who watch."""
    daemon = stage.daemon
    stage.set_wait(0, 'none', FALL_S)
    for name in CAMERAS:
        daemon.patch_camera(name, enabled=True)
        daemon.wait_state(name, 'streaming')
    wait_until(lambda: stage.poll('door') == 200, 20, 'live video')
    viewer = stage.watch('door')
    threads = read_threads(daemon.pid)
    viewer.stop()
    nice = {name: value for name, value in threads}
    assert RECORDING | VIEWING <= nice.keys(), nice
    usual = os.getpriority(os.PRIO_PROCESS, daemon.pid)
    lower = min(usual + 5, 19)
    assert {nice[name] for name in RECORDING} == {usual}
    assert {nice[name] for name in VIEWING} == {lower}
    pads = {name: value for name, value in threads if ':' in name}
    assert pads and set(pads.values()) == {lower}, pads
