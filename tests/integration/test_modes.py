# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded when: modes that are switched, events, pre- and post-roll, the small stream.

The simulator numbers its frames, so that the files tell to the frame what was kept. POTOO_SEED
repeats a run.
"""

import os
import random
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from potoo_daemon import parse_time
from potoo_mp4 import read_movie
from potoo_process import SLOWNESS, wait_until
from potoo_recording import check_with_ffprobe, read_stamps

FPS = 25
SEED = int(os.environ.get('POTOO_SEED', random.randrange(1_000_000)))
SECONDS = 7
PRE_ROLL, POST_ROLL = 2, 1
LATE = 2  # what the ring holds beyond the pre-roll, less what telling may take on a busy machine
# By how much a frame's own time may differ from that of its fragment, and a fragment's border be on
# the other side of the moment at which something was said.
SLACK_US = 60_000
SMALL = {'width': 320, 'height': 240, 'fps': FPS, 'bitrate': 200, 'loop': 4}
# Fragments last a second: one with a keyframe each, or every second one.
CAMERAS = {
    'switched-1': {**SMALL, 'gop': FPS},
    'switched-2': {**SMALL, 'gop': 2 * FPS, 'audio': 'aac'},
    'events-1': {**SMALL, 'gop': FPS, 'audio': 'aac'},
    'events-2': {**SMALL, 'gop': 2 * FPS},
    'both': {**SMALL, 'gop': FPS},
}


def now_us():
    return time.time_ns() // 1000


@dataclass
class Fragment:
    numbers: list  # of its frames
    start_us: int  # camera's time of its first frame
    key: bool

    @property
    def end_us(self):
        return self.start_us + len(self.numbers) * 1_000_000 // FPS


@dataclass
class Kept:
    """All that the files of a stream hold, in order."""

    fragments: list = field(default_factory=list)

    def numbers(self):
        return [number for fragment in self.fragments for number in fragment.numbers]


def read_kept(daemon, segments):
    kept = Kept()
    for index, segment in enumerate(sorted(segments, key=lambda s: s['start'])):
        path = daemon.segment_path(segment)
        if index < 2:
            assert check_with_ffprobe(path) == ''
        movie = read_movie(path)
        track = movie.track_of('vide')
        first = movie.fragments[0].runs[track.track_id]
        # It starts at 0, whatever it was made of; sound may begin a little earlier than the picture.
        assert first.decode_time / track.timescale < 0.1 and first.keys[0]
        track = track.track_id
        for fragment in movie.fragments:
            stamps = read_stamps(path, fragment.start, fragment.end)
            kept.fragments.append(
                Fragment(
                    [stamp.number for stamp in stamps],
                    stamps[0].wall_us,
                    fragment.runs[track].keys[0],
                )
            )
    return kept


@dataclass
class Wanted:
    """[from, until) was to be kept; each end was said between two moments."""

    from_us: tuple
    until_us: tuple


def check_wanted(kept, wanted, gop_s):
    """Exactly the fragments that overlap what was wanted are there, and what it takes to show them."""
    for span in wanted:
        # What overlaps the narrowest reading must be there, every frame of it.
        first_us, last_us = span.from_us[1] + SLACK_US, span.until_us[0] - SLACK_US
        inside = [f for f in kept.fragments if f.end_us > first_us and f.start_us < last_us]
        if first_us >= last_us:
            continue
        assert inside, (span, kept.fragments)
        assert inside[0].start_us <= first_us, f'{span}: begins too late, with {inside[0]}'
        assert inside[-1].end_us >= last_us, f'{span}: ends too early, with {inside[-1]}'
        assert inside[0].key or kept.fragments.index(inside[0]) > 0
        numbers = [number for fragment in inside for number in fragment.numbers]
        assert numbers == list(range(numbers[0], numbers[-1] + 1)), span
    for index, fragment in enumerate(kept.fragments):
        # What is there was wanted by the widest reading, or shows what follows it.
        until = fragment
        for follower in kept.fragments[index + 1:]:
            if follower.key or follower.numbers[0] != until.numbers[-1] + 1:
                break
            until = follower
        assert any(
            until.end_us > span.from_us[0] - SLACK_US
            and fragment.start_us < span.until_us[1] + SLACK_US
            for span in wanted
        ), f'{fragment} was not wanted: {wanted}'


def merge(spans):
    """Overlapping ones become one."""
    merged = []
    for span in sorted(spans, key=lambda s: s.from_us):
        if merged and span.from_us[0] <= merged[-1].until_us[1] + SLACK_US:
            last = merged[-1]
            merged[-1] = Wanted(last.from_us, max(last.until_us, span.until_us))
        else:
            merged.append(span)
    return merged


class Operator(threading.Thread):
    """Does something to one camera at random times."""

    def __init__(self, daemon, camera):
        super().__init__()
        self.daemon_under_test = daemon
        self.camera = camera
        self.random = random.Random(f'{SEED} {camera}')
        self.wanted = []
        self.error = None

    def timed(self, **members):
        before_us = now_us()
        self.daemon_under_test.patch_camera(self.camera, **members)
        return before_us, now_us()

    def run(self):
        try:
            self.act(time.monotonic() + SECONDS)
        except BaseException as error:
            self.error = error

    def finish(self):
        self.join()
        if self.error:
            raise self.error
        return self.daemon_under_test.disable_camera(self.camera)


class Switcher(Operator):
    """Between continuous and off, for a moment or for longer, also many times in a row.

    Longer than a group of pictures off, when nothing is held: a recording begins with a keyframe.
    """

    def act(self, end):
        time.sleep(2)  # until keyframes have come
        since = self.timed(record='continuous')
        while time.monotonic() < end:
            for _ in range(self.random.choice((1, 1, 4))):
                time.sleep(self.random.uniform(0, 4) if self.random.random() < 0.6 else 0.01)
                self.wanted.append(Wanted(since, self.timed(record='off')))
                time.sleep(self.random.uniform(0, 3) if self.random.random() < 0.6 else 0.01)
                since = self.timed(record='continuous')
        time.sleep(2)
        self.wanted.append(Wanted(since, self.timed(record='off')))
        # What was under way comes before it is disabled.
        segments = lambda: self.daemon_under_test.segments(self.camera)
        wait_until(lambda: all(s['state'] != 'open' for s in segments()), 10, 'the last segment to end')


class Watchman(Operator):
    """Tells of events, which overlap, touch, or lie apart; some are told of late."""

    def act(self, end):
        held = lambda: self.daemon_under_test.camera(self.camera)['status']['pre_roll'] or 0
        wait_until(lambda: held() >= PRE_ROLL + LATE, 20, 'the ring to reach back')
        while time.monotonic() < end or len(self.wanted) < 3:
            time.sleep(self.random.uniform(0, 3.5))
            late = self.random.choice((0, 0, LATE / 3, LATE))
            if self.wanted and now_us() - (late + PRE_ROLL) * 1_000_000 < self.wanted[-1].from_us[0]:
                late = 0  # nothing is put in front of what is written
            length = self.random.uniform(0.1, 2)
            body = {'camera': self.camera, 'kind': 'motion', 'duration': round(length, 3)}
            if late:
                at = datetime.now(timezone.utc) - timedelta(seconds=late)
                body['start'] = at.isoformat(timespec='microseconds').replace('+00:00', 'Z')
            status, _, event = self.daemon_under_test.api('POST', '/api/v1/events', body)
            assert status == 201, (status, event)
            start_us, end_us = parse_time(event['start']), parse_time(event['end'])
            from_us, until_us = start_us - PRE_ROLL * 1_000_000, end_us + POST_ROLL * 1_000_000
            self.wanted.append(Wanted((from_us, from_us), (until_us, until_us)))
        time.sleep(max(0, (self.wanted[-1].until_us[0] - now_us()) / 1e6) + 2.5 * SLOWNESS)


@pytest.fixture(scope='module')
def shift(module_workshop):
    """All operators at work at once, on a daemon whose files are short."""
    print(f'POTOO_SEED={SEED}')
    sim = module_workshop.sim(CAMERAS)
    daemon = module_workshop.daemon(config={'storage': {'segment-duration': '10s', 'sync-interval': '500ms'}})
    for name in CAMERAS:
        daemon.add_camera(
            id=name,
            url=sim.urls[name],
            sub_url=sim.sub_urls[name] if name == 'both' else None,
            record_sub=name == 'both',
            record='event' if name.startswith('events') else 'off',
            pre_roll=PRE_ROLL,
            post_roll=POST_ROLL,
        )
    for name in CAMERAS:
        daemon.wait_state(name, 'streaming')
    daemon.patch_camera('both', record='continuous')
    since = {name: daemon.camera(name)['status']['since'] for name in CAMERAS}
    operators = {
        name: (Switcher if name.startswith('switched') else Watchman)(daemon, name)
        for name in CAMERAS
        if name != 'both'
    }
    for operator in operators.values():
        operator.start()
    for operator in operators.values():
        operator.join()
    assert {name: daemon.camera(name)['status']['since'] for name in CAMERAS} == since
    return daemon, operators


@pytest.mark.parametrize('camera', ['switched-1', 'switched-2'])
def test_switches(shift, camera):
    daemon, operators = shift
    segments = operators[camera].finish()
    kept, wanted = read_kept(daemon, segments), operators[camera].wanted
    assert find_lost_and_doubled_in_runs(kept) == []
    check_ledger_of_wanted(daemon, camera, wanted)
    if camera == 'switched-1':
        check_wanted(kept, merge(wanted), 1)
        return
    # Where it begins within a group of pictures the next keyframe is the first, however short it was
    # off: nothing is held then.
    later = []
    for span in wanted:
        after = [f for f in kept.fragments if f.end_us > span.from_us[1] + SLACK_US]
        begin_us = max(span.from_us[1], after[0].start_us) if after else span.until_us[0]
        assert begin_us - span.from_us[1] <= 2_000_000 + SLACK_US or begin_us >= span.until_us[0] - SLACK_US
        later.append(Wanted((span.from_us[0], max(span.from_us[1], begin_us)), span.until_us))
    check_wanted(kept, later, 2)


@pytest.mark.parametrize('camera', ['events-1', 'events-2'])
def test_events(shift, camera):
    """Pre-roll, post-roll and all between them, to the fragment."""
    daemon, operators = shift
    segments = operators[camera].finish()
    kept, wanted = read_kept(daemon, segments), operators[camera].wanted
    assert find_lost_and_doubled_in_runs(kept) == []
    check_wanted(kept, merge(wanted), CAMERAS[camera]['gop'] // FPS)
    assert daemon.gaps(camera) == []
    labels = f'{{camera="{camera}",stream="main"}}'
    metrics = daemon.metrics()
    assert metrics[f'potoo_pre_roll_short_total{labels}'] == 0
    assert metrics[f'potoo_pre_roll_shrunk_fragments_total{labels}'] == 0
    assert metrics['potoo_pre_roll_memory_bytes'] <= metrics['potoo_pre_roll_memory_max_bytes']
    assert daemon.camera(camera)['status']['pre_roll'] is None  # now that it is disabled


def find_lost_and_doubled_in_runs(kept):
    """Frames that are missing inside a fragment, and those that are there more than once anywhere."""
    numbers = kept.numbers()
    doubled = sorted(number for number in set(numbers) if numbers.count(number) > 1)
    lost = [f for f in kept.fragments if f.numbers != list(range(f.numbers[0], f.numbers[-1] + 1))]
    return doubled + lost


def check_ledger_of_wanted(daemon, camera, wanted):
    """Nothing is called missing that was not wanted, nor what is there."""
    gaps = [(parse_time(g['start']), parse_time(g['end']), g) for g in daemon.gaps(camera)]
    for start_us, end_us, gap in gaps:
        assert any(
            span.from_us[0] - SLACK_US <= start_us and end_us <= span.until_us[1] + SLACK_US
            for span in merge(wanted)
        ), gap
        for segment in daemon.segments(camera):
            overlap_us = min(end_us, parse_time(segment['end'])) - max(start_us, parse_time(segment['start']))
            assert overlap_us <= SLACK_US, (gap, segment)


def test_sub_beside_main(shift):
    daemon, _ = shift
    labels = '{camera="both",stream="sub"}'
    disabled_us = now_us()
    segments = daemon.disable_camera('both')
    kept = {
        stream: read_kept(daemon, [s for s in segments if s['stream'] == stream])
        for stream in ('main', 'sub')
    }
    for stream in kept.values():
        numbers = stream.numbers()
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        # Up to the moment at which it was disabled, with the fragment that was under way.
        assert disabled_us - stream.fragments[-1].end_us < 600_000 * SLOWNESS
    assert abs(kept['main'].fragments[0].start_us - kept['sub'].fragments[0].start_us) < 3_000_000 * SLOWNESS
    assert daemon.metrics()[f'potoo_camera_connects_total{labels}'] == 1
    begin = min(segment['start'] for segment in segments)
    # Both can be looked at.
    for stream in ('main', 'sub'):
        ids = {segment['id'] for segment in segments if segment['stream'] == stream}
        window = f'start={begin}&stream={stream}'
        spans = daemon.get(f'/api/v1/cameras/both/timeline?{window}')['spans']
        assert spans and {span['recording'] for span in spans} <= ids
        playlist = daemon.get(f'/api/v1/cameras/both/playback.m3u8?{window}').decode()
        assert set(re.findall(r'segments/([0-9a-f]{16})/', playlist)) == ids
    assert [gap for gap in daemon.gaps('both') if gap['end'] > begin and gap['stream'] == 'main'] == []


def test_schedule_when_the_clocks_change(make_daemon, sim, tmp_path):
    """A slot begins by the clock on the wall, here where it is put forward; to the fragment."""
    cameras = sim({'door': {**SMALL, 'gop': FPS}})
    begin_us = parse_time('2027-03-28T01:00:00.000000Z')  # 02:00 becomes 03:00
    clock = tmp_path / 'clock'
    clock.write_text(str(begin_us - 4_500_000 - now_us()))
    daemon = make_daemon(env={'TZ': 'Europe/Berlin', 'POTOO_TEST_CLOCK': str(clock)})
    slots = 'sun 00:00-02:30 off; sun 02:30-04:00 continuous; sun 04:00-24:00 off; mon-sat 00:00-24:00'
    door = {'id': 'door', 'url': cameras.urls['door'], 'record': 'schedule'}
    status, _, problem = daemon.api('POST', '/api/v1/cameras', {**door, 'schedule': f'{slots} on'})
    assert (status, problem['pointer']) == (400, '/schedule') and 'continuous, event, off' in problem['detail']
    assert daemon.get('/api/v1/cameras')['items'] == []
    daemon.add_camera(**door, schedule=f'{slots} off')
    daemon.wait_state('door', 'streaming')
    assert daemon.segments('door') == []
    segment = wait_until(lambda: daemon.segments('door'), 15, 'a recording in its slot')[0]
    # The fragment in which it begins, and not the one before.
    start_us = parse_time(segment['start'])
    assert begin_us - 1_050_000 <= start_us <= begin_us + 50_000 * SLOWNESS, segment
    assert daemon.gaps('door') == []
    daemon.patch_camera('door', record='off')
    wait_until(lambda: daemon.segments('door')[0]['state'] == 'closed', 5, 'its end')


def test_memory_for_pre_roll_is_short(make_daemon, sim):
    """Who has the higher priority keeps all of it, the other one less, and both say so."""
    large = {**SMALL, 'gop': FPS, 'bitrate': 1500, 'width': 640, 'height': 480}
    cameras = sim({'dear': large, 'cheap': large})
    daemon = make_daemon(config={'storage': {'pre-roll-memory': '1500kB'}})
    for name, priority in (('dear', 9), ('cheap', 2)):
        daemon.add_camera(id=name, url=cameras.urls[name], record='event', pre_roll=0, priority=priority)

    def look():
        metrics = daemon.metrics()
        assert metrics['potoo_pre_roll_memory_bytes'] <= 1_500_000
        dear, cheap = (daemon.camera(name)['status']['pre_roll'] for name in ('dear', 'cheap'))
        return dear is not None and dear >= 5 and cheap < 4 and metrics[
            'potoo_pre_roll_shrunk_fragments_total{camera="cheap",stream="main"}'
        ]

    wait_until(look, 20, 'the ring of the cheap camera to shrink')
    assert 'pre-roll-memory' in daemon.read_log()
    daemon.patch_camera('dear', record='continuous')
    wait_until(lambda: daemon.camera('dear')['status']['pre_roll'] is None, 5, 'no ring')
