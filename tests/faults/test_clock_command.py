# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock is set while Potoo runs and while it does not; what was recorded before is dated anew when
somebody asks for it.

Only the daemon's seam is set: the simulator's own clock goes on.
"""

import json
import os
import subprocess

import pytest
from potoo_clock import DAY_S, SetClock
from potoo_daemon import parse_time
from potoo_ledger import check_ledger
from potoo_process import POTOO, POTOOCTL, wait_until
from potoo_recording import find_lost_and_doubled, read_stamps

HOUR_S = 3600
TOLERANCE_S = 0.1


def potooctl(bus, *arguments):
    env = {**os.environ, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', **bus.env}
    return subprocess.run(
        [str(POTOOCTL), *arguments], capture_output=True, text=True, env=env, timeout=60, check=False
    )


def steps(daemon):
    return daemon.get('/api/v1/clock')['steps']


def wait_recorded(daemon, clock_offset_s):
    """Two seconds in one segment, by a clock that is so much ahead of the true one."""

    def look():
        for segment in daemon.segments('door'):
            (stamp, *_) = read_stamps(daemon.segment_path(segment)) or [None]
            if stamp is None or segment['duration'] < 2:
                continue
            if abs(parse_time(segment['start']) - stamp.wall_us - clock_offset_s * 1e6) < 60e6:
                return True
        return False

    wait_until(look, 30, f'recordings by a clock that is {clock_offset_s} s ahead')


def correct(daemon, step):
    """Streams take the step up with their next keyframe."""
    answers = []

    def look():
        answers.append(daemon.api('POST', '/api/v1/clock/correct', {'step': step}))
        return answers[-1][0] != 503

    wait_until(look, 30, 'the correction')
    return answers[-1]


def offsets_s(daemon):
    """Of all segments, in the order of recording: by how much they are dated later than they are."""
    return [
        (parse_time(s['start']) - read_stamps(daemon.segment_path(s))[0].wall_us) / 1e6
        for s in sorted(daemon.segments('door'), key=lambda s: s['id'])
        if s['state'] != 'open' or s['duration'] > 0
    ]


@pytest.fixture(scope='module')
def story(module_workshop, tmp_path_factory):
    """Each part leaves all recordings with times by the clock as it stands."""

    class Story:
        clock = SetClock(tmp_path_factory.mktemp('clock') / 'offset')
        bus = module_workshop.bus()
        sim = module_workshop.sim({'door': {}})
        daemon = module_workshop.daemon(env={**bus.env, **clock.env, 'TZ': 'UTC', 'POTOO_TEST_BOOT_ID': 'one'})

    Story.daemon.add_camera(id='door', url=Story.sim.urls['door'])
    wait_recorded(Story.daemon, 0)
    return Story


def check_all(story, n_wrong=0):
    """All but the last few are by the clock as it stands, and the ledger tells each hole."""
    offsets = offsets_s(story.daemon)
    right = [abs(offset - story.clock.offset_s) < 5 for offset in offsets]
    assert right.count(False) == n_wrong, offsets
    if n_wrong == 0:
        check_ledger(story.daemon, 'door')


def test_no_step_at_first(story):
    assert steps(story.daemon) == []
    assert story.daemon.get('/api/v1/clock')['synchronized'] is True
    found = potooctl(story.bus, '--json', 'clock')
    assert (found.returncode, json.loads(found.stdout)['steps']) == (0, [])


def test_set_back_while_recording(story):
    """The clock of a board that took local time for UTC."""
    daemon = story.daemon
    status, _, event = daemon.api('POST', '/api/v1/events', {'camera': 'door', 'kind': 'motion', 'duration': 1})
    assert status == 201
    story.clock.set_by(-2 * HOUR_S)
    wait_recorded(daemon, -2 * HOUR_S)
    (step,) = steps(daemon)
    assert step['seconds'] == pytest.approx(-2 * HOUR_S, abs=TOLERANCE_S) and not step['corrected']
    assert min(offsets_s(daemon)) < -HOUR_S < max(offsets_s(daemon))
    status, _, answer = correct(daemon, step['id'])
    assert status == 200 and answer['steps'][0]['corrected']
    check_all(story)
    after = daemon.get(f'/api/v1/events/{event["id"]}')
    moved_us = parse_time(after['start']) - parse_time(event['start'])
    assert moved_us == pytest.approx(-2 * HOUR_S * 1e6, abs=TOLERANCE_S * 1e6)
    # Done is done.
    before = [s['start'] for s in daemon.segments('door')]
    assert correct(daemon, step['id'])[0] == 200
    assert [s['start'] for s in daemon.segments('door')][: len(before)] == before
    metrics = daemon.metrics()
    assert metrics['potoo_clock_corrections_total'] == 1


def test_bad_requests(story):
    for body in ({}, {'step': 'one'}, {'step': 0}, {'step': 1, 'more': 1}):
        assert story.daemon.api('POST', '/api/v1/clock/correct', body)[0] == 400, body
    status, _, problem = story.daemon.api('POST', '/api/v1/clock/correct', {'step': 77})
    assert status == 404 and '77' in problem['detail']
    found = potooctl(story.bus, 'clock', 'correct', '77')
    assert found.returncode == 66 and '77' in found.stderr  # EX_NOINPUT


@pytest.mark.parametrize('step_s', [-HOUR_S, HOUR_S / 2])
def test_set_while_down(story, step_s):
    """By the machine's user, while Potoo was upgraded: the gap is as long as what is missing."""
    daemon = story.daemon
    known = len(steps(daemon))
    assert daemon.stop() == 0
    story.clock.set_by(step_s)
    daemon.start()
    wait_recorded(daemon, story.clock.offset_s)
    assert 'while Potoo did not run' in daemon.read_log()
    *_, step = steps(daemon)
    assert step['seconds'] == pytest.approx(step_s, abs=TOLERANCE_S) and len(steps(daemon)) == known + 1
    stopped = [gap for gap in daemon.gaps('door') if gap['cause'] == 'shutdown']
    lengths_s = [(parse_time(gap['end']) - parse_time(gap['start'])) / 1e6 for gap in stopped]
    assert all(0 <= length < 600 for length in lengths_s), stopped
    # Everything of before is in two places without the correction, or beyond what never was.
    causes = [gap['cause'] for gap in daemon.gaps('door')]
    assert causes.count('clock-step') == (1 if step_s > 0 else 0)
    found = potooctl(story.bus, 'clock')
    assert found.returncode == 0 and ('back by' if step_s < 0 else 'forward by') in found.stdout
    found = potooctl(story.bus, 'clock', 'correct', str(step['id']))
    assert found.returncode == 0, found.stderr
    check_all(story)
    assert 'clock-step' not in [gap['cause'] for gap in daemon.gaps('door')]


def test_set_forward_while_recording(story):
    daemon = story.daemon
    story.clock.set_by(DAY_S)
    wait_recorded(daemon, story.clock.offset_s)
    assert 'clock-step' in [gap['cause'] for gap in daemon.gaps('door')]
    assert correct(daemon, steps(daemon)[-1]['id'])[0] == 200
    check_all(story)
    assert 'clock-step' not in [gap['cause'] for gap in daemon.gaps('door')]


def test_set_back_while_off(story):
    """The next boot begins with a clock that is behind: its recordings are not to lie over others."""
    daemon = story.daemon
    n_before = len(daemon.segments('door'))
    assert daemon.stop() == 0
    story.clock.set_by(-DAY_S)
    daemon.env['POTOO_TEST_BOOT_ID'] = 'two'
    daemon.start()
    wait_recorded(daemon, story.clock.offset_s)
    assert 'behind the end of what was recorded before' in daemon.read_log()
    *_, gap = daemon.query("SELECT start_us, end_us FROM gaps WHERE cause = 'shutdown' ORDER BY id")
    assert gap['start_us'] < gap['end_us'] < 1 << 62
    assert steps(daemon) == []
    # To where the boot before recorded.
    *_, last, first = sorted(daemon.segments('door'), key=lambda s: s['id'])[: n_before + 1]
    story.clock.set_by((parse_time(last['start']) - parse_time(first['start'])) / 1e6)
    wait_until(lambda: steps(daemon), 30, 'the step')
    (step,) = steps(daemon)
    before = {s['id']: s['start'] for s in daemon.segments('door')}
    status, _, problem = correct(daemon, step['id'])
    assert status == 409 and 'door' in problem['detail'], problem
    after = {s['id']: s['start'] for s in daemon.segments('door')}
    assert {id: after[id] for id in before} == before
    assert daemon.metrics()['potoo_clock_corrections_refused_total'] >= 1
    assert not steps(daemon)[0]['corrected']
    assert len(daemon.segments('door')) > n_before


def test_nothing_is_lost(story):
    daemon = story.daemon
    daemon.disable_camera('door')
    runs = {}
    for segment in sorted(daemon.segments('door'), key=lambda s: s['id']):
        runs.setdefault(segment['recording'], []).append(segment)
    for run in runs.values():
        stamps = [stamp for segment in run for stamp in read_stamps(daemon.segment_path(segment))]
        assert find_lost_and_doubled(stamps) == ([], [])
    assert daemon.stop() == 0
    command = [POTOO, '--verify', '--config', daemon.config_path, '--state-dir', daemon.state_dir]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
