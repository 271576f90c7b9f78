# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall clock is set, back and forward, while cameras are recorded, are away, wait for a slot.

Only the daemon's seam is set: the simulator's own clock goes on, and its stamps tell the truth.
"""

import time
from datetime import datetime, timedelta, timezone

import pytest
from potoo_clock import DAY_S
from potoo_daemon import parse_time
from potoo_hls import parse_playlist
from potoo_process import SLOWNESS, wait_until
from potoo_recording import find_lost_and_doubled, frame_wall_errors_us, read_stamps
from potoo_sei import read_sei

HOUR_S = 3600
SMALL_STEP_S = 0.2
TOLERANCE_US = 100_000 * SLOWNESS
CAMERAS = {
    'door': {'audio': 'aac'},
    'b-frames': {'gop': 50, 'bframes': 2},
    'away': {},
    'slots': {},
}
SLOTS = 'mon-sun 00:00-18:00 off; mon-sun 18:00-24:00 continuous'


class Clock:
    """The daemon's, at noon of tomorrow to begin with."""

    def __init__(self, path):
        self.path = path
        tomorrow = datetime.now(timezone.utc).date() + timedelta(days=1)
        noon = datetime(tomorrow.year, tomorrow.month, tomorrow.day, 12, tzinfo=timezone.utc)
        self.offset_s = noon.timestamp() - time.time()
        self.offsets_s = []
        self.set_by(0)

    def set_by(self, step_s):
        self.offset_s += step_s
        self.offsets_s.append(self.offset_s)
        new = self.path.with_suffix('.new')
        new.write_text(str(round(self.offset_s * 1e6)), encoding='ascii')
        new.replace(self.path)

    @property
    def now_us(self):
        return round((time.time() + self.offset_s) * 1e6)


def stamps_of(daemon, segments):
    return [stamp for segment in segments for stamp in read_stamps(daemon.segment_path(segment))]


def in_order_of_recording(daemon, camera):
    return sorted(daemon.segments(camera), key=lambda segment: segment['id'])


def recordings_of(segments):
    runs = {}
    for segment in segments:
        runs.setdefault(segment['recording'], []).append(segment)
    return list(runs.values())


def skipped_of(daemon, camera):
    return [gap for gap in daemon.gaps(camera) if gap['cause'] == 'clock-step']


def length_us(row):
    return parse_time(row['end']) - parse_time(row['start'])


def set_clock(daemon, clock, step_s):
    """Returns when each stream has taken the step up, before which another one would join it."""
    clock.set_by(step_s)
    n = 1 + len(clock.offsets_s) - 2  # but for the first offset and the small step
    for camera in ('door', 'b-frames'):
        wait_until(lambda: len(recordings_of(daemon.segments(camera))) == n, 10, 'the next recording')


def all_closed(daemon, camera):
    return all(segment['state'] == 'closed' for segment in daemon.segments(camera))


@pytest.fixture(scope='module')
def story(module_workshop, tmp_path_factory):
    clock = Clock(tmp_path_factory.mktemp('clock') / 'offset')
    sim = module_workshop.sim(CAMERAS)
    daemon = module_workshop.daemon(env={'TZ': 'UTC', 'POTOO_TEST_CLOCK': str(clock.path)})
    for name, url in sim.urls.items():
        more = {'record': 'schedule', 'schedule': SLOTS} if name == 'slots' else {}
        daemon.add_camera(id=name, url=url, **more)
    for name in CAMERAS:
        daemon.wait_state(name, 'streaming')
    time.sleep(2)
    clock.set_by(SMALL_STEP_S)
    time.sleep(2)
    set_clock(daemon, clock, -HOUR_S)  # in an open segment
    time.sleep(3)
    sim.fault('away', 'refuse', 'on')
    sim.fault('away', 'drop')
    wait_until(lambda: [g for g in daemon.gaps('away') if g['end'] is None], 10, 'away to be missing')
    time.sleep(1)
    set_clock(daemon, clock, DAY_S)
    set_clock(daemon, clock, -2 * HOUR_S)
    time.sleep(2.5)
    sim.fault('away', 'refuse', 'off')
    daemon.wait_state('away', 'streaming')
    wait_until(lambda: daemon.gaps('away')[-1]['end'], 10, 'away to be recorded')
    assert daemon.segments('slots') == []
    set_clock(daemon, clock, 9.5 * HOUR_S)  # to half past six
    # At once: less than the minute after which a plan is looked at in any case.
    wait_until(lambda: daemon.segments('slots'), 3, 'the slot to begin')
    time.sleep(1)
    set_clock(daemon, clock, -7 * HOUR_S)
    wait_until(lambda: all_closed(daemon, 'slots'), 5, 'the slot to end')
    slot = {segment['id'] for segment in daemon.segments('slots')}
    body = {'action': 'start', 'seconds': 4}
    status, _, _ = daemon.api('POST', '/api/v1/cameras/slots/recording', body)
    assert status == 200
    set_clock(daemon, clock, -HOUR_S)
    wait_until(
        lambda: len(daemon.segments('slots')) > len(slot) and all_closed(daemon, 'slots'),
        12,
        'the manual recording to end',
    )
    metrics = daemon.metrics()
    before = {name: {s['id'] for s in daemon.segments(name)} for name in CAMERAS}
    assert daemon.stop() == 0
    log = daemon.read_log()
    daemon.start()
    for name in CAMERAS:
        daemon.wait_state(name, 'streaming')
    wait_until(lambda: len(daemon.segments('door')) > len(before['door']), 10, 'door to be recorded')
    time.sleep(1)
    for name in CAMERAS:
        daemon.disable_camera(name)
    return daemon, clock, metrics, log, {**before, 'slot': slot}


@pytest.mark.parametrize('camera', ['door', 'b-frames'])
def test_no_frame_is_lost(story, camera):
    daemon, _, _, _, before = story
    segments = in_order_of_recording(daemon, camera)
    for part in (
        [segment for segment in segments if segment['id'] in before[camera]],
        [segment for segment in segments if segment['id'] not in before[camera]],
    ):
        bframes = CAMERAS[camera].get('bframes', 0)
        assert find_lost_and_doubled(stamps_of(daemon, part), bframes) == ([], [])


@pytest.mark.parametrize('camera', ['door', 'b-frames'])
def test_a_step_begins_a_recording(story, camera):
    """Each has one clock, and nothing overlaps in it; a small step is taken up on the way."""
    daemon, clock, _, _, before = story
    recordings = recordings_of(in_order_of_recording(daemon, camera))
    steps = [step for step in clock.offsets_s if step not in clock.offsets_s[:2]]
    assert len(recordings) == 1 + len(steps) + 1  # and one of the second run
    for recording in recordings:
        for one, other in zip(recording, recording[1:]):
            assert one['end'] == other['start']
        for segment in recording:
            errors = frame_wall_errors_us(daemon.segment_path(segment))
            allowed = [offset * 1e6 for offset in clock.offsets_s]
            assert all(
                min(abs(error - offset) for offset in allowed) <= TOLERANCE_US for error in errors
            ), (segment, errors)
            assert max(errors) - min(errors) < SMALL_STEP_S * 1e6 + TOLERANCE_US


@pytest.mark.parametrize('camera', ['door', 'b-frames'])
def test_what_a_step_left_out_is_told(story, camera):
    daemon, clock, _, _, _ = story
    offsets = clock.offsets_s
    forward = [b - a for a, b in zip(offsets, offsets[1:]) if b - a > 1]
    skipped = skipped_of(daemon, camera)
    assert sorted(map(length_us, skipped)) == pytest.approx(
        sorted(step * 1e6 for step in forward), abs=TOLERANCE_US
    )
    starts = {segment['start'] for segment in daemon.segments(camera)}
    ends = {segment['end'] for segment in daemon.segments(camera)}
    for gap in skipped:
        assert gap['start'] in ends and gap['end'] in starts
    # Nothing else was missing but while Potoo was started anew.
    others = [gap for gap in daemon.gaps(camera) if gap['cause'] != 'clock-step']
    assert {gap['cause'] for gap in others} <= {'disconnected', 'shutdown'}
    assert sum(map(length_us, others)) < 20e6 * SLOWNESS


def test_a_gap_is_as_long_as_what_is_missing(story):
    """The clock was set forward and back in it."""
    daemon, _, _, _, before = story
    stamps = stamps_of(daemon, in_order_of_recording(daemon, 'away'))
    # The longest hole is the one of the fault.
    holes = [after.wall_us - one.wall_us for one, after in zip(stamps, stamps[1:])]
    missing_us = max(holes)
    assert missing_us > 4e6
    rows = daemon.query(
        "SELECT * FROM gaps WHERE camera = 'away' AND cause NOT IN ('clock-step', 'shutdown') ORDER BY id"
    )
    in_fault = sum(row['end_us'] - row['start_us'] for row in rows[1:])
    assert in_fault == pytest.approx(missing_us, abs=TOLERANCE_US + 80_000)
    assert len([gap for gap in skipped_of(daemon, 'away') if length_us(gap) > 23 * HOUR_S * 1e6]) == 1


def test_schedule_and_manual_recording(story):
    daemon, _, _, _, before = story
    segments = in_order_of_recording(daemon, 'slots')
    seconds = sum(segment['duration'] for segment in segments if segment['id'] in before['slot'])
    assert 1 < seconds < 7 * SLOWNESS
    # What was asked for is what was recorded, though the clock was set meanwhile.
    seconds = sum(segment['duration'] for segment in segments if segment['id'] not in before['slot'])
    assert 4 <= seconds <= 7
    assert [event['kind'] for event in daemon.list_all('/api/v1/events?camera=slots')] == ['manual']
    event = daemon.list_all('/api/v1/events?camera=slots')[0]
    assert length_us(event) == 4_000_000


def test_lists_are_in_order(story):
    daemon, _, _, _, _ = story
    for camera in CAMERAS:
        for path in (f'/api/v1/segments?camera={camera}&', f'/api/v1/cameras/{camera}/gaps?'):
            rows = daemon.list_all(f'{path}limit=1000')
            places = [(row['start'], row['id']) for row in rows]
            assert places == sorted(places)
            assert daemon.list_all(f'{path}limit=2') == rows


def test_timeline(story):
    daemon, _, _, _, _ = story
    segments = daemon.segments('door')
    start = min(segment['start'] for segment in segments)
    end = max(segment['end'] for segment in segments)
    timeline = daemon.get(f'/api/v1/cameras/door/timeline?start={start}&end={end}')
    assert [s['start'] for s in timeline['spans']] == sorted(s['start'] for s in timeline['spans'])
    assert len(timeline['spans']) == len(recordings_of(segments))
    # What no time passed in is not missing.
    assert timeline['coverage'] > 0.6


def test_playback_across_a_step_back(story):
    """Two recordings overlap: they are played one after the other, as they were recorded."""
    daemon, _, _, _, before = story
    segments = [s for s in in_order_of_recording(daemon, 'door') if s['id'] in before['door']]
    first, second = recordings_of(segments)[:2]
    assert second[0]['start'] < first[0]['start']
    start, end = second[0]['start'], first[-1]['end']
    text = daemon.get(f'/api/v1/cameras/door/playback.m3u8?start={start}&end={end}').decode()
    playlist = parse_playlist(text)
    data = b''
    for entry in playlist.segments:
        status, _, body = daemon.api('GET', entry.uri, headers={'Range': entry.byterange.header})
        assert status == 206
        data += body
    played = [stamp.number for stamp in read_sei(data)]
    wanted = [stamp.number for stamp in stamps_of(daemon, first + second)]
    assert played == wanted
    assert [entry.discontinuity for entry in playlist.segments].count(True) == 1


def test_it_is_told(story):
    _, clock, metrics, log, _ = story
    offsets = clock.offsets_s
    steps = [b - a for a, b in zip(offsets, offsets[1:]) if abs(b - a) > 0.5]
    assert metrics['potoo_clock_steps_total'] == len(steps)
    for words in ('set back by 1 h', 'set forward by 1 d', 'set forward by 9 h 30 min'):
        assert f'The clock was {words}:' in log, words
