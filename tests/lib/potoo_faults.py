# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of misbehaving cameras share: waiting for what the daemon makes of them."""

import time

from potoo_daemon import parse_time
from potoo_process import wait_until
from potoo_recording import check_with_ffprobe, read_stamps

SMALL = {'codec': 'h264'}
# Cameras beside the others, which are not to notice anything.
UNTOUCHED = {'quiet-one': SMALL, 'quiet-two': {**SMALL, 'codec': 'h265'}}
SECOND = 1_000_000
GOP = 25


def start_untouched(workshop, cameras):
    """A daemon that records the untouched cameras."""
    daemon = workshop.daemon(config={'storage': {'segment-duration': '1h'}})
    for name in UNTOUCHED:
        daemon.add_camera(id=name, url=cameras.urls[name])
    for name in UNTOUCHED:
        daemon.wait_state(name, 'streaming')
    return daemon


def now_us():
    return int(time.time() * SECOND)


def add(potoo, cameras, name, **members):
    """Adds the camera and waits for about three recorded seconds."""
    potoo.add_camera(id=name, url=cameras.urls[name], **members)
    potoo.wait_state(name, 'streaming')
    wait_for_recording(potoo, name, now_us())
    time.sleep(3)


def wait_for_recording(potoo, name, since_us, timeout=30):
    """Until a segment has grown beyond @since_us."""

    def look():
        return any(parse_time(s['end']) > since_us for s in potoo.segments(name))

    wait_until(look, timeout, f'{name} to be recorded')


def wait_for_gap(potoo, name, cause, since_us, ended, timeout=30):
    def look():
        for gap in potoo.gaps(name):
            recent = parse_time(gap['start']) > since_us
            if recent and gap['cause'] == cause and (gap['end'] is not None) == ended:
                return gap
        return None

    try:
        return wait_until(look, timeout, f'a gap of cause {cause} of {name}')
    except AssertionError as error:
        raise AssertionError(f'{error}; gaps: {potoo.gaps(name)}') from None


def expect_gap(potoo, name, cause, from_us, until_us, timeout=60):
    """One gap of @cause, from about @from_us to about @until_us, and just as long as the hole
    between the segments."""
    gap = wait_for_gap(potoo, name, cause, from_us - 2 * SECOND, ended=True, timeout=timeout)
    start_us, end_us = parse_time(gap['start']), parse_time(gap['end'])
    assert abs(start_us - from_us) <= SECOND, (gap, from_us)
    assert abs(end_us - until_us) <= SECOND, (gap, until_us)
    recent = [g for g in potoo.gaps(name) if parse_time(g['start']) > from_us - 2 * SECOND]
    assert [g['cause'] for g in recent] == [cause]
    segments = potoo.segments(name)
    before = max(parse_time(s['end']) for s in segments if parse_time(s['start']) < from_us)
    after = min(parse_time(s['start']) for s in segments if parse_time(s['start']) > from_us)
    assert abs(start_us - before) < SECOND / 10, (gap, segments)
    assert abs(end_us - after) < SECOND / 10, (gap, segments)
    return gap


def first_frame_us(potoo, name, since_us):
    """Wall time of the first recorded frame that the camera sampled after @since_us."""
    walls = [
        stamp.wall_us
        for segment in potoo.segments(name)
        for stamp in read_stamps(potoo.segment_path(segment))
        if stamp.wall_us > since_us
    ]
    return min(walls)


def reason_of(potoo, name):
    return potoo.camera(name)['status']['reason']


def stop_recording(potoo, name):
    segments = potoo.disable_camera(name)
    assert {segment['state'] for segment in segments} == {'closed'}
    paths = [potoo.segment_path(segment) for segment in segments]
    for path in paths:
        assert check_with_ffprobe(path) == ''
    return paths
