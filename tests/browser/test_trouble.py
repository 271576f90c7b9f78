# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be shown is explained in the page, and comes back by itself."""

import re

import pytest
from potoo_daemon import parse_time
from potoo_process import wait_until

CAMERAS = {
    'yard': {'loop': 20, 'audio': 'aac'},
    'barn': {'loop': 20},
    'modern': {'codec': 'h265', 'loop': 20},
}


class Stage:
    def __init__(self, workshop):
        self.sim = workshop.sim(CAMERAS)
        self.cpu_wait = workshop.directory / 'cpu-wait'
        self.daemon = workshop.daemon(env={'POTOO_TEST_CPU_WAIT': str(self.cpu_wait)})
        self.browser = workshop.browser()
        for name, url in self.sim.urls.items():
            self.daemon.add_camera(id=name, name=name.title(), url=url)
        for name in CAMERAS:
            wait_until(lambda: self.recorded_s(name) > 2, 20, f'{name} to be recorded')

    def recorded_s(self, camera):
        return sum(segment['duration'] for segment in self.daemon.segments(camera))

    def run(self, scenario, **arguments):
        return self.browser.run(f'trouble.{scenario}', url=self.daemon.url, **arguments)


@pytest.fixture(scope='module')
def stage(module_workshop):
    return Stage(module_workshop)


@pytest.mark.parametrize('size', ['narrow', 'wide'])
def test_undecodable(stage, size):
    stage.run('undecodable', size=size, id='modern', name='Modern')


def test_camera_away(stage):
    def refuse(state):
        stage.sim.fault('barn', 'refuse', state)
        return stage.sim.fault('barn', 'drop')

    found = stage.run('away', size='narrow', id='barn', name='Barn', asked={'refuse': refuse})
    for words in found.values():
        assert 'Not reachable' in words and 'Next try' in words, words
        assert re.search('Cannot connect to 127.0.0.1|The camera ended the stream|connection', words), words


def test_nothing_recorded(stage):
    stage.daemon.wait_segments('yard', 1, timeout=20)
    stage.run('nothing', size='narrow', id='yard')


def test_deleted_segment(stage):
    """A file is gone when the player comes to it."""
    stage.daemon.wait_segments('yard', 2, timeout=30)
    first, gone, after = stage.daemon.segments('yard')[:3]
    start_us = parse_time(first['end']) - 2_000_000

    def remove_file():
        stage.daemon.segment_path(gone).unlink()

    stage.run(
        'deleted',
        id='yard',
        segment=gone['id'],
        start=start_us / 1000,
        resume=parse_time(after['start']) / 1000,
        asked={'removeFile': remove_file},
    )


def test_overloaded(stage):
    """Said while recording waits for a processor, and taken back."""

    def set_wait(percent):
        stage.cpu_wait.write_text(str(percent), encoding='ascii')

    stage.run('overloaded', asked={'wait': set_wait})


def test_daemon_restarted(stage):
    asked = {
        'stop': stage.daemon.stop,
        'start': lambda: stage.daemon.start() is not None,
    }
    assert stage.run('restart', size='narrow', id='barn', asked=asked) == 2
