# SPDX-License-Identifier: GPL-3.0-or-later
"""A board without a clock of its own starts in 1970, records, and learns the time from the network.

Only the daemon's seam is set: the simulator's own clock goes on, and its stamps tell the truth.
"""

import subprocess
import time

import pytest
from potoo_daemon import parse_time
from potoo_ledger import check_ledger
from potoo_process import POTOO, wait_until
from potoo_recording import find_lost_and_doubled, read_stamps

CAMERAS = {'door': {'audio': 'aac'}, 'away': {}}
EPOCH_US = 3600 * 1_000_000
# How exactly the step is measured; and how late a camera is with its pictures at worst.
STEP_TOLERANCE_US = 20_000
STAMP_TOLERANCE_US = 5_000_000


class Clock:
    def __init__(self, path):
        self.path = path
        self.set(0, True)

    def set(self, offset_us, synchronized):
        new = self.path.with_suffix('.new')
        new.write_text(f'{offset_us}{"" if synchronized else " unsynchronized"}', encoding='ascii')
        new.replace(self.path)


def wait_recorded(daemon, camera, seconds):
    def look():
        open_segments = [s for s in daemon.segments(camera) if s['state'] == 'open']
        return sum(s['duration'] for s in open_segments) >= seconds

    wait_until(look, 20, f'{seconds} s of {camera} to be recorded')


def is_wrong(segment):
    return segment['start'] < '2000'


@pytest.fixture(scope='module')
def story(module_workshop, tmp_path_factory):
    clock = Clock(tmp_path_factory.mktemp('clock') / 'offset')
    sim = module_workshop.sim(CAMERAS)
    daemon = module_workshop.daemon(env={'TZ': 'UTC', 'POTOO_TEST_CLOCK': str(clock.path)})
    for name, url in sim.urls.items():
        daemon.add_camera(id=name, url=url)
    for name in CAMERAS:
        wait_recorded(daemon, name, 2)
    assert daemon.stop() == 0
    offset_us = round(EPOCH_US - time.time() * 1e6)
    clock.set(offset_us, False)
    daemon.env['POTOO_TEST_BOOT_ID'] = 'the-next-boot'
    daemon.start()
    for name in CAMERAS:
        wait_recorded(daemon, name, 2)
    status, _, event = daemon.api('POST', '/api/v1/events', {'camera': 'door', 'kind': 'motion', 'duration': 1})
    assert status == 201
    sim.fault('away', 'refuse', 'on')
    sim.fault('away', 'drop')
    wait_until(lambda: [g for g in daemon.gaps('away') if g['end'] is None], 10, 'away to be missing')
    sim.fault('away', 'refuse', 'off')
    wait_recorded(daemon, 'away', 2)
    clock.set(0, False)
    wait_until(
        lambda: {s['camera'] for s in daemon.segments() if s['state'] == 'open' and not is_wrong(s)} == set(CAMERAS),
        20,
        'both to be recorded by the right clock',
    )
    assert daemon.metrics()['potoo_clock_corrections_total'] == 0
    wrong = {s['id']: s for s in daemon.segments() if is_wrong(s)}
    clock.set(0, True)
    wait_until(lambda: daemon.metrics()['potoo_clock_corrections_total'] == 1, 40, 'the correction')
    log = daemon.read_log()
    assert 'behind the end of what was recorded before' in log
    for name in CAMERAS:
        daemon.disable_camera(name)
    event = daemon.get(f'/api/v1/events/{event["id"]}')
    return daemon, wrong, -offset_us, event, log


def test_all_was_wrong(story):
    _, wrong, _, _, log = story
    assert [s['camera'] for s in wrong.values()].count('away') >= 2
    assert 'door' in [s['camera'] for s in wrong.values()]
    assert 'The clock was set forward by' in log


@pytest.mark.parametrize('camera', CAMERAS)
def test_times_are_right(story, camera):
    daemon, wrong, step_us, _, _ = story
    segments = daemon.segments(camera)
    for segment in segments:
        stamps = read_stamps(daemon.segment_path(segment))
        assert abs(stamps[0].wall_us - parse_time(segment['start'])) < STAMP_TOLERANCE_US, segment
        if segment['id'] in wrong:
            shift_us = parse_time(segment['start']) - parse_time(wrong[segment['id']]['start'])
            assert abs(shift_us - step_us) < STEP_TOLERANCE_US
    assert [s['id'] for s in segments] == sorted(s['id'] for s in segments)
    # Files keep their names.
    names = [daemon.segment_path(s).parent.name[:4] for s in segments if s['id'] in wrong]
    assert set(names) == {'1970'}


@pytest.mark.parametrize('camera', CAMERAS)
def test_ledger(story, camera):
    """Also the time since the run before, which the wrong clock had made less than nothing."""
    daemon, wrong, _, _, _ = story
    check_ledger(daemon, camera)
    causes = [gap['cause'] for gap in daemon.gaps(camera)]
    assert causes.count('shutdown') == 1 and 'clock-step' not in causes
    stopped = [gap for gap in daemon.gaps(camera) if gap['cause'] == 'shutdown'][0]
    assert stopped['end'] in {s['start'] for s in daemon.segments(camera) if s['id'] in wrong}


def test_nothing_is_lost_by_it(story):
    daemon, wrong, _, _, _ = story
    run = [s for s in daemon.segments('door') if s['id'] >= min(wrong)]
    stamps = [stamp for s in run for stamp in read_stamps(daemon.segment_path(s))]
    assert find_lost_and_doubled(stamps) == ([], [])
    for one, other in zip(run, run[1:]):
        assert one['end'] == other['start']


def test_event_is_with_its_recording(story):
    daemon, wrong, _, event, _ = story
    (segment,) = [s for s in daemon.segments('door') if s['start'] <= event['start'] < s['end']]
    assert segment['id'] in wrong and segment['class'] == 'event'


def test_verification_agrees(story):
    daemon, _, _, _, _ = story
    assert daemon.stop() == 0
    command = [POTOO, '--verify', '--config', daemon.config_path, '--state-dir', daemon.state_dir]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stdout + found.stderr
    for word in ('times', 'foreign', 'unlisted', 'missing'):
        assert f'{word}:' not in found.stdout, found.stdout
