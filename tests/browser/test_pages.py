# SPDX-License-Identifier: GPL-3.0-or-later
"""Every page at both sizes and in both colours: can it be read and used by anyone? The pictures
are in the build directory, in screenshots/."""

import pytest
from potoo_daemon import find_free_port, parse_time
from potoo_process import wait_until

SIZES = ['narrow', 'wide']
LARGE = {'width': 1280, 'height': 720, 'bitrate': 1500, 'loop': 10}
CAMERAS = {'front': {**LARGE, 'audio': 'aac'}, 'side': {**LARGE, 'codec': 'h265', 'width': 640, 'height': 360}}


class Stage:
    def __init__(self, workshop):
        self.sim = workshop.sim(CAMERAS)
        self.daemon = workshop.daemon()
        self.empty = workshop.daemon()
        self.browser = workshop.browser()
        self.away = f'rtsp://127.0.0.1:{find_free_port()}/away'
        add = self.daemon.add_camera
        add(id='front', name='Front door', url=self.sim.urls['front'])
        add(id='side', name='Side entrance and bicycle shed behind the house', url=self.sim.urls['side'])
        add(id='away', name='Back yard', url=self.away)
        add(id='off', name='Workshop', url=self.away, enabled=False)
        self.daemon.wait_state('away', 'backing-off', timeout=20)
        for name in CAMERAS:
            wait_until(lambda: self.has_recorded(name), 30, f'{name} to be recorded')
        self.start = self.daemon.segments('front')[0]['start']

    def has_recorded(self, name):
        return sum(segment['duration'] for segment in self.daemon.segments(name)) > 4

    def run(self, scenario, daemon=None, **arguments):
        return self.browser.run(f'pages.{scenario}', url=(daemon or self.daemon).url, **arguments)


@pytest.fixture(scope='module')
def stage(module_workshop):
    return Stage(module_workshop)


@pytest.mark.parametrize('size', SIZES)
def test_pages(stage, size):
    faults = stage.run(
        'all',
        size=size,
        timeout=90,
        count=4,
        address=stage.sim.urls['front'],
        away=stage.away,
        start=parse_time(stage.start) / 1000,
    )
    faults += stage.run('first', daemon=stage.empty, size=size)
    assert faults == []


def test_theme(stage):
    stage.run('theme', size='narrow')


@pytest.mark.parametrize('size', SIZES)
def test_german(stage, size):
    assert stage.run('language', size=size) == []


@pytest.mark.parametrize('size', SIZES)
def test_without_script(stage, size):
    assert stage.run('withoutScript', size=size, script=False) == 2


def test_old_browser(stage):
    stage.run('oldBrowser', size='narrow')
