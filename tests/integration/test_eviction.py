# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting: beside recording, because somebody asks for it, and what is not deleted."""

import http.client
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from potoo_changes import Changes
from potoo_clock import DAY_S
from potoo_process import SLOWNESS, wait_until
from potoo_recording import check_is_one_run

FAST = {'fps': 50, 'gop': 25, 'bitrate': 600}
LARGE = {**FAST, 'bitrate': 8000}
CAMERAS = [f'cam-{i}' for i in range(4)]
BATCH_MAX = 'potoo_eviction_batch_max_seconds{root="main"}'
SYNC_MAX = 'potoo_storage_sync_max_seconds{root="main"}'
DELETED = 'potoo_evicted_segments_total{root="main",reason="age"}'
OLD_SEGMENTS = 3000
OLD_BYTES = 20_000


def write_old_segments(daemon):
    """Days ago, of the camera `old`: rows and files, as a daemon that is stopped left them."""
    begin_s = int(time.time() // DAY_S - 6) * DAY_S
    rows = []
    with sqlite3.connect(daemon.state_dir / 'catalog.db') as link:
        (root,) = link.execute('SELECT id FROM storage_roots').fetchone()
        (first,) = link.execute("SELECT next FROM id_counters WHERE name = 'segment'").fetchone()
        for number in range(OLD_SEGMENTS):
            at = begin_s + number * 2 * DAY_S // OLD_SEGMENTS
            name = time.strftime('old/%Y-%m-%d/%H%M%SZ-main-', time.gmtime(at)) + f'{first + number:016x}.mp4'
            path = daemon.recordings_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(OLD_BYTES))
            rows.append((first + number, root, first, at * 1_000_000, at * 1_000_000 + 50_000_000, OLD_BYTES))
        link.executemany(
            'INSERT INTO segments (id, camera, stream, root, state, recording, start_us, end_us, mono_us,'
            " boot_id, duration_ticks, size_bytes, init_bytes, codecs)"
            " VALUES (?, 'old', 0, ?, 1, ?, ?, ?, 1, 'x', 1, ?, 700, 'avc1.64001f')",
            rows,
        )
        link.execute("UPDATE id_counters SET next = next + ? WHERE name = 'segment'", (OLD_SEGMENTS,))


def test_writers_do_not_feel_it(sim, make_daemon):
    """Thousands of small files go at once while cameras are recorded."""
    cameras = sim({name: FAST for name in CAMERAS})
    daemon = make_daemon(config={'storage': {'sync-interval': '250ms'}})
    daemon.add_camera(id='old', url=cameras.urls[CAMERAS[0]], enabled=False)
    assert daemon.stop() == 0
    write_old_segments(daemon)
    daemon.start()
    for name in CAMERAS:
        daemon.add_camera(id=name, url=cameras.urls[name])
    for name in CAMERAS:
        daemon.wait_state(name, 'streaming')
    time.sleep(2)
    before = daemon.metrics()
    begun = time.monotonic()
    daemon.patch_camera('old', keep_continuous_days=1)
    wait_until(lambda: daemon.metrics()[DELETED] == OLD_SEGMENTS, 60, 'the old segments to be deleted')
    took = time.monotonic() - begun
    metrics = daemon.metrics()
    assert daemon.segments('old') == []
    assert not (daemon.recordings_dir / 'old').exists()
    queued = max(metrics[f'potoo_fragment_queue_max_bytes{{camera="{name}",stream="main"}}'] for name in CAMERAS)
    print(
        f'{OLD_SEGMENTS} segments in {took:.1f} s; longest batch {metrics[BATCH_MAX]} s; longest sync '
        f'{before[SYNC_MAX]} s before, {metrics[SYNC_MAX]} s then; at most {queued} bytes queued'
    )
    # A camera's fragments of 3 s: its queue has room for minutes.
    assert queued < 3 * SLOWNESS * FAST['bitrate'] * 1000 / 8
    for name in CAMERAS:
        daemon.disable_camera(name)
        assert check_is_one_run(daemon, name) > 100
        assert {gap['cause'] for gap in daemon.gaps(name)} <= {'disconnected'}


def test_killed_while_it_deletes(make_daemon):
    """Whatever is cut off: what has a row has its file, what has none is gone; the next run goes on."""
    daemon = make_daemon()
    daemon.add_camera(id='old', url='rtsp://192.0.2.1/', enabled=False)
    assert daemon.stop() == 0
    write_old_segments(daemon)
    daemon.start()
    for _ in range(3):
        daemon.patch_camera('old', keep_continuous_days=1)
        wait_until(lambda: 0 < daemon.metrics()[DELETED] < OLD_SEGMENTS, 20, 'some to be deleted', 0.001)
        daemon.kill()
        left = {f'{row["id"]:016x}' for row in daemon.query('SELECT id FROM segments WHERE state <> 3')}
        going = {f'{row["id"]:016x}' for row in daemon.query('SELECT id FROM segments WHERE state = 3')}
        files = {path.stem[-16:] for path in daemon.recordings_dir.glob('*/*/*.mp4')}
        assert left <= files <= left | going
        daemon.start()
    wait_until(lambda: daemon.query('SELECT id FROM segments') == [], 60, 'the rest to be deleted')
    assert not (daemon.recordings_dir / 'old').exists()
    assert not daemon.query('SELECT * FROM segment_totals')


# --- what people ask for ---


@pytest.fixture(scope='module')
def recorded(module_workshop):
    """(daemon, url by camera): one segment at least of `door` and `hall` is closed."""
    urls = module_workshop.sim({'door': FAST, 'hall': LARGE}).urls
    daemon = module_workshop.daemon()
    for name, url in urls.items():
        daemon.add_camera(id=name, url=url)
    for name in urls:
        daemon.wait_segments(name, 1, timeout=20)
    return daemon, urls


def first_segment(daemon, camera):
    return min(daemon.segments(camera), key=lambda row: row['start'])


def test_recordings_go_with_their_camera(recorded):
    """In the background, but for what is locked; the id stays taken until all is gone."""
    daemon, urls = recorded
    door = {'id': 'door', 'url': urls['door']}
    segment = first_segment(daemon, 'door')
    lock = {'camera': 'door', 'start': segment['start'], 'end': segment['end'], 'reason': 'proof'}
    status, _, lock = daemon.api('POST', '/api/v1/locks', lock)
    assert status == 201
    assert daemon.api('DELETE', '/api/v1/cameras/door?recordings=delete')[0] == 204
    wait_until(lambda: len(daemon.segments('door')) == 1, 10, 'all but the locked segment to go')
    assert daemon.api('POST', '/api/v1/cameras', door)[0] == 409
    found = {camera['id']: camera for camera in daemon.get('/api/v1/storage')['cameras']}
    assert found['door']['removed'] and not found['hall']['removed']
    assert found['door']['bytes']['locked'] > 0
    # A camera that adopts what is still there keeps it, also when it is removed without it.
    assert daemon.api('POST', '/api/v1/cameras?recordings=adopt', {**door, 'enabled': False})[0] == 201
    assert daemon.api('DELETE', '/api/v1/cameras/door')[0] == 204
    assert daemon.api('DELETE', f'/api/v1/locks/{lock["id"]}')[0] == 204
    time.sleep(2)
    assert [s['id'] for s in daemon.segments('door')] == [segment['id']]
    assert daemon.api('POST', '/api/v1/cameras?recordings=adopt', {**door, 'enabled': False})[0] == 201
    assert daemon.api('DELETE', '/api/v1/cameras/door?recordings=delete')[0] == 204
    rows = "SELECT id FROM segments WHERE camera = 'door'"
    wait_until(lambda: daemon.query(rows) == [], 10, 'the rest to go')
    assert not (daemon.recordings_dir / 'door').exists()
    for table in ('gaps', 'locks', 'recorded_days'):
        wait_until(lambda: daemon.query(f"SELECT * FROM {table} WHERE camera = 'door'") == [], 5, table)
    assert daemon.segments('hall')
    daemon.add_camera(**door)


def test_who_plays_it_gets_it(recorded):
    """A segment that is deleted under way is sent to its end, then it is 404."""
    daemon, _ = recorded
    segment = first_segment(daemon, 'hall')
    connection = http.client.HTTPConnection('127.0.0.1', daemon.port, timeout=20 * SLOWNESS)
    connection.request('GET', segment['media'])
    response = connection.getresponse()
    assert response.status == 200
    head = response.read(1000)
    assert daemon.api('DELETE', f'/api/v1/segments/{segment["id"]}')[0] == 204
    assert not list(daemon.recordings_dir.glob(f'*/*/*{segment["id"]}.mp4'))
    assert len(head + response.read()) == segment['size'] > 4_000_000
    connection.close()
    assert daemon.api('GET', segment['media'])[0] == 404
    assert daemon.api('GET', f'/api/v1/segments/{segment["id"]}')[0] == 404


def test_asked_twice(recorded):
    """Of two who ask for the same one is told that there is no such camera; its recordings go."""
    daemon, _ = recorded
    path = '/api/v1/cameras/hall?recordings=delete'
    with closing(sqlite3.connect(daemon.state_dir / 'catalog.db', isolation_level=None, timeout=20)) as link:
        link.execute('BEGIN IMMEDIATE')
        with ThreadPoolExecutor() as pool:
            asked = [pool.submit(daemon.api, 'DELETE', path, timeout=60) for _ in range(2)]
            wait_until(lambda: daemon.metrics()['potoo_camera_commands'] == 2, 10, 'both to wait')
            link.execute('ROLLBACK')
            assert sorted(one.result()[0] for one in asked) == [204, 404]
    rows = "SELECT id FROM segments WHERE camera = 'hall'"
    wait_until(lambda: daemon.query(rows) == [], 20, 'its recordings to go')


# --- what is not deleted ---


QUOTA = 10_000_000


def find_root(daemon, name):
    (root,) = [root for root in daemon.get('/api/v1/storage')['roots'] if root['name'] == name]
    return root


@pytest.fixture
def make_small(make_daemon, tmp_path):
    """Factory: a daemon with a small root, that is filled first, and the others @named."""

    def make(directory, *named):
        roots = {
            f'storage-root {name}': {'path': tmp_path / directory / name, 'min-free': '1M'}
            for name in ('small', *named)
        }
        roots['storage-root small'].update({'priority': 60, 'max-bytes': QUOTA})
        (tmp_path / directory).mkdir()
        return make_daemon(config={'storage': {'sync-interval': '250ms'}, **roots})

    return make


def test_guarantee_that_does_not_fit(sim, make_small, tmp_path):
    """It is told of long before, and wins: another root is recorded to, or none."""
    cameras = sim({'door': LARGE})
    door = {'id': 'door', 'url': cameras.urls['door'], 'min_days': 30}
    one, two = make_small('one'), make_small('two', 'large')
    two.add_camera(**door)
    with Changes(one) as changes:
        one.add_camera(**door)
        breaks = changes.wait('guarantee', timeout=40)
        assert find_root(one, 'small')['state'] == 'ok'  # still
        full = changes.wait('storage-root', timeout=40)
    root = find_root(one, 'small')
    assert (full['name'], full['state']) == ('small', 'full') == (root['name'], root['state'])
    assert root['reason'] == full['reason']
    assert breaks == {'camera': 'door', 'guarantee_breaks': root['guarantee_breaks']}
    wait_until(lambda: one.gaps('door')[-1]['cause'] == 'disk-full', 10, 'the gap')
    wait_until(lambda: list((tmp_path / 'two/large').glob('*/*/*.mp4')), 10, 'the other root')
    for daemon, directory in ((one, 'one'), (two, 'two')):
        sizes = [path.stat().st_size for path in (tmp_path / directory / 'small').glob('*/*/*.mp4')]
        assert QUOTA - max(sizes) < sum(sizes) <= QUOTA + max(sizes)
        metrics = daemon.metrics()
        assert metrics['potoo_evicted_segments_total{root="small",reason="root"}'] == 0
        assert metrics['potoo_guarantees_breaking'] == 1
        assert 'guaranteed days will not fit' in daemon.read_log()
    time.sleep(1)
    assert {gap['cause'] for gap in two.gaps('door')} <= {'disconnected'}
