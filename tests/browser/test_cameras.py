# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras are added, watched, changed and removed in the page."""

import pytest
from potoo_process import wait_until

SIZES = ['narrow', 'wide']
LOOP = 20
PASSWORD = {'user': 'user', 'password': 'secret'}
CAMERAS = {
    'narrow': {'loop': LOOP, 'audio': 'aac'},
    'wide': {'loop': LOOP, 'audio': 'aac'},
    'keys': {'loop': LOOP},
    'locked': {'loop': LOOP, **PASSWORD},
    'plain': {'loop': LOOP},
}


class Stage:
    def __init__(self, workshop):
        self.sim = workshop.sim(CAMERAS)
        self.daemon = workshop.daemon()
        self.browser = workshop.browser()

    def run(self, scenario, **arguments):
        return self.browser.run(f'cameras.{scenario}', url=self.daemon.url, **arguments)


@pytest.fixture(scope='module')
def stage(module_workshop):
    return Stage(module_workshop)


@pytest.mark.parametrize('size', SIZES)
def test_add(stage, size):
    """With a test before; the page follows the camera's state by itself, and the picture moves."""
    path = stage.run(
        'add',
        size=size,
        address=stage.sim.urls[size],
        name=f'The {size} gate',
        tracks=['Video: H.264 · 320 × 240 · 25 fps', 'Sound: AAC'],
        asked={'fault': lambda *words: stage.sim.fault(size, *words)},
    )
    camera = path.rsplit('/', 1)[1]
    assert camera == f'the-{size}-gate'
    settings = stage.daemon.camera(camera)
    assert settings['url'] == stage.sim.urls[size]
    stage.daemon.api('DELETE', f'/api/v1/cameras/{camera}')


@pytest.mark.parametrize('size', SIZES)
def test_errors_at_their_field(stage, size):
    found = stage.run('errors', size=size)
    assert 'name' in found['name']
    assert all('rtsp' in found[which] for which in ('empty', 'scheme', 'test')), found


def test_wrong_password(stage):
    camera = stage.daemon.add_camera(
        id='locked', name='Locked', url=stage.sim.urls['locked'], username='user', password='wrong'
    )
    stage.daemon.wait_state('locked', 'auth-failed', timeout=20)
    reason = stage.run('mendPassword', size='narrow', id=camera['id'], password=PASSWORD['password'])
    assert 'password' in reason.lower()
    assert 'refused' in stage.run('testPassword', id=camera['id'])


def test_change(stage):
    stage.daemon.add_camera(id='plain', name='Plain', url=stage.sim.urls['plain'])
    stage.run('rename', size='narrow', id='plain', name='Garden <b>&amp; yard')
    camera = stage.daemon.camera('plain')
    assert (camera['name'], camera['record']) == ('Garden <b>&amp; yard', 'off')
    stage.run(
        'conflict',
        id='plain',
        asked={'patch': lambda members: stage.daemon.patch_camera('plain', **members)['name']},
    )
    assert stage.daemon.camera('plain')['name'] == 'Of the other'
    stage.run('leave', id='plain', name='Left')
    assert stage.daemon.camera('plain')['name'] == 'Left'


def test_slow_clock(stage):
    camera = stage.daemon.add_camera(id='today', name='Today', url=stage.sim.urls['plain'])
    stage.daemon.wait_state('today', 'streaming')
    stage.run('slowClock', id=camera['id'])
    stage.daemon.api('DELETE', '/api/v1/cameras/today')


def test_remove(stage):
    stage.daemon.add_camera(id='gone', name='Soon gone', url=stage.sim.urls['plain'])

    def exists():
        return stage.daemon.api('GET', '/api/v1/cameras/gone')[0] == 200

    stage.run('remove', size='narrow', id='gone', name='Soon gone', asked={'exists': exists})
    assert not exists()


def test_adopt(stage):
    daemon = stage.daemon
    daemon.add_camera(id='old', name='Old', url=stage.sim.urls['plain'])
    (old, *_) = daemon.wait_segments('old', 1, timeout=20)
    assert daemon.api('DELETE', '/api/v1/cameras/old')[0] == 204
    path = stage.run('adopt', size='narrow', id='old', name='New', address=stage.sim.urls['plain'])
    assert path == '/cameras/old'
    assert old['id'] in {segment['id'] for segment in daemon.segments('old')}
    daemon.api('DELETE', '/api/v1/cameras/old')


def test_keyboard(stage):
    def wait_recorded():
        """The very first GOP cannot be played yet."""
        wait_until(lambda: sum(s['duration'] for s in stage.daemon.segments('by-keys')) > 2, 20)

    stage.run(
        'keyboard',
        address=stage.sim.urls['keys'],
        name='By keys',
        asked={'waitRecorded': wait_recorded},
    )
    assert stage.daemon.api('GET', '/api/v1/cameras/by-keys')[0] == 404
