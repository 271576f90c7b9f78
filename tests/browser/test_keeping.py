# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept, in the page: schedules, recording by hand, bookmarks, locks, storage, and the times of it."""

import pytest
from potoo_clock import SetClock
from potoo_daemon import parse_time
from potoo_process import wait_until

SIZES = ['narrow', 'wide']


class Stage:
    def __init__(self, workshop):
        self.sim = workshop.sim({'yard': {'loop': 10}})
        self.daemon = workshop.daemon()
        self.browser = workshop.browser()
        self.daemon.add_camera(id='yard', name='Yard', url=self.sim.urls['yard'])
        # So long that there is something around every lock.
        wait_until(lambda: sum(s['duration'] for s in self.daemon.segments('yard')) > 8, 30, 'a recording')
        self.start = self.daemon.segments('yard')[0]['start']

    def run(self, scenario, **arguments):
        return self.browser.run(f'keeping.{scenario}', url=self.daemon.url, id='yard', **arguments)

    def list(self, what):
        return self.daemon.get(f'/api/v1/{what}?camera=yard')['items']


@pytest.fixture(scope='module')
def stage(module_workshop):
    return Stage(module_workshop)


@pytest.mark.parametrize('size', SIZES)
def test_marks(stage, size):
    locks = stage.run('marks', size=size, start=stage.start, asked={'locks': lambda: stage.list('locks')})
    assert [lock['reason'] for lock in locks] == ['For the police']
    assert locks[0]['expires'] is not None
    assert locks[0]['start'][:10] < stage.start[:10]  # over midnight
    assert stage.list('locks') == []
    assert not [event for event in stage.list('events') if event['kind'] == 'bookmark']


def test_storage(stage):
    found = stage.run('storage', size='narrow')
    assert 'In use' in found['root'] and 'Recordings' in found['root']
    assert 'Yard' in found['row'] and 'B' in found['row']
    assert 'as it was written' in found['outcome'] or 'as they were written' in found['outcome']


@pytest.mark.parametrize('size', SIZES)
def test_clock(stage, make_daemon, tmp_path, size):
    """It is set forward, and back, and what was recorded before is moved; of a refusal one learns why."""
    clock = SetClock(tmp_path / 'offset')
    daemon = make_daemon(env=clock.env)
    daemon.add_camera(id='yard', name='Yard', url=stage.sim.urls['yard'])
    wait_until(lambda: sum(s['duration'] for s in daemon.segments('yard')) > 1, 30, 'a recording')
    before = daemon.disable_camera('yard')

    def set_clock(step_s):
        known = len(daemon.get('/api/v1/clock')['steps'])
        clock.set_by(step_s)
        wait_until(lambda: len(daemon.get('/api/v1/clock')['steps']) > known, 30, 'the step')

    def lock():
        """What is recorded: such times come again now that the clock was set back."""
        recorded = daemon.segments('yard')
        body = {'camera': 'yard', 'start': recorded[0]['start'], 'end': recorded[-1]['end'], 'reason': 'x'}
        status, _, made = daemon.api('POST', '/api/v1/locks', body)
        assert status == 201, made
        return made['id']

    def unlock(id):
        assert daemon.api('DELETE', f'/api/v1/locks/{id}')[0] == 204

    asked = {'set': set_clock, 'lock': lock, 'unlock': unlock}
    faults = stage.browser.run('keeping.clock', url=daemon.url, size=size, asked=asked)
    assert faults == []
    moved_us = [parse_time(new['start']) - parse_time(old['start']) for old, new in zip(before, daemon.segments('yard'))]
    assert moved_us == pytest.approx([(3720 - 7200) * 1e6] * len(before), abs=1e6)


def test_record(stage):
    def start(seconds):
        body = {'action': 'start', 'seconds': seconds}
        assert stage.daemon.api('POST', '/api/v1/cameras/yard/recording', body)[0] == 200

    events = stage.run('record', size='narrow', asked={'events': lambda: stage.list('events'), 'start': start})
    assert [(event['kind'], event['end']) for event in events if event['kind'] == 'manual'] == [('manual', None)]
    assert all(event['end'] is not None for event in stage.list('events'))


@pytest.mark.parametrize('size', SIZES)
def test_schedule(stage, size):
    stage.daemon.patch_camera('yard', schedule=None, record='continuous', pre_roll=5)
    text = stage.run('schedule', size=size)
    camera = stage.daemon.camera('yard')
    assert (camera['record'], camera['pre_roll'], camera['schedule']) == ('schedule', 12, text)
    last = 9 if size == 'narrow' else 18
    assert text == (
        f'mon-fri 00:00-08:00 continuous; mon-fri 08:00-{last:02}:00 event; mon-fri {last:02}:00-24:00 continuous; '
        'sat 00:00-02:00 off; sat 02:00-24:00 continuous; sun 00:00-24:00 off'
    )


def test_errors_at_their_field(stage):
    found = stage.run('wrong', size='narrow')
    assert 'sat 00:00' in found['week'] and 'Guaranteed' in found['number'], found
    assert stage.daemon.camera('yard')['min_days'] == 0
