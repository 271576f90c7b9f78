# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that stands still for longer than memory lasts: who is least important loses, and it is told."""

import itertools

from potoo_daemon import parse_time
from potoo_disk import FPS, Bench
from potoo_process import wait_until
from potoo_recording import find_lost_and_doubled

MEMORY = 64_000_000
LARGE = {'width': 1280, 'height': 720, 'bitrate': 12_000, 'gop': FPS}
CAMERAS = {'dear': {'gop': FPS}, 'cheap': LARGE, 'cheaper': LARGE}
SETTINGS = {'dear': {'priority': 7}, 'cheap': {'priority': 3}, 'cheaper': {'priority': 3}}


def of(name, camera):
    return f'potoo_{name}{{camera="{camera}",stream="main"}}'


def wait_recorded(daemon, cameras, more=3):
    """Until that many more fragments of each camera are on the disk, and none waits."""
    before = daemon.metrics()

    def look():
        now = daemon.metrics()
        return all(
            now[of('recorded_fragments_total', camera)]
            >= before.get(of('recorded_fragments_total', camera), 0) + more
            and now[of('fragment_queue_messages', camera)] == 0
            for camera in cameras
        )

    wait_until(look, 90, 'fragments to be written')


def read_peak(pid):
    """Most bytes that were ever resident."""
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith('VmHWM'))


def count_missing(bench, segments, gaps):
    """Pictures are missing between two segments exactly where a row says so, and as many as it says."""
    missing = 0
    for before, after in itertools.pairwise(segments):
        hole = bench.stamps([after])[0].number - bench.stamps([before])[-1].number - 1
        rows = [gap for gap in gaps if before['end'] <= gap['start'] and gap['end'] <= after['start']]
        seconds = sum(parse_time(gap['end']) - parse_time(gap['start']) for gap in rows) / 1e6
        assert (hole > 0) == (rows != []) and abs(hole - seconds * FPS) <= 2, (before, after, hole, gaps)
        missing += hole
    return missing


def test_the_least_important_camera_gives_way(workshop):
    bench = Bench(workshop, ('main',), CAMERAS, {'server': {'memory': MEMORY}})
    daemon = bench.daemon
    bench.record(0, **SETTINGS)
    wait_recorded(daemon, CAMERAS)
    bench.fail('hang')

    def look():
        now = daemon.metrics()
        assert now['potoo_fragment_queue_memory_bytes'] <= now['potoo_fragment_queue_memory_max_bytes']
        return all(now[of('fragment_queue_dropped_fragments_total', name)] > 2 for name in ('cheap', 'cheaper'))

    assert daemon.metrics()['potoo_fragment_queue_memory_max_bytes'] == MEMORY / 4
    wait_until(look, 90, 'memory to be short')
    wait_until(lambda: 'cheap: Recordings are lost' in daemon.read_log(), 20, 'a warning')
    assert 'dear: Recordings are lost' not in daemon.read_log()
    bench.fail(None)
    bench.wait_root('main', 'ok', timeout=40)
    wait_recorded(daemon, CAMERAS)
    peak = read_peak(daemon.pid)
    print(f'{peak / 1e6:.1f} MB')
    assert peak < MEMORY
    dropped = daemon.metrics()
    for camera in CAMERAS:
        segments, gaps = bench.finish(camera)
        lost, doubled = find_lost_and_doubled(bench.stamps(segments))
        assert doubled == []
        assert {gap['cause'] for gap in gaps} == (set() if camera == 'dear' else {'disk-slow'})
        assert len(lost) == dropped[of('fragment_queue_dropped_frames_total', camera)]
        assert len(lost) == count_missing(bench, segments, gaps)
        print(camera, len(lost), 'pictures lost,', len(gaps), 'gaps')
        bench.check_playable(segments)
