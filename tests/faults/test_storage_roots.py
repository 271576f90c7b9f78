# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that hang, fail, fill, go and come back: what is lost is declared, and nothing else is lost."""

import errno
import itertools
import subprocess
import time

import pytest
from potoo_disk import CAMERAS, MAX_LOSS_S, Bench, check_loss, seconds_of
from potoo_process import wait_until
from potoo_recording import find_lost_and_doubled


@pytest.fixture
def bench(workshop):
    return Bench(workshop)


def test_disk_hangs_for_15_seconds(bench):
    bench.record()
    bench.fail('hang')
    hung_at = time.monotonic()
    bench.wait_root('main', 'stalled', timeout=14)
    wait_until(lambda: list(bench.roots['spare'].glob('door/*/*.mp4')), 5, 'the spare root to be used')
    time.sleep(max(0, hung_at + 15 - time.monotonic()))
    bench.fail(None)
    bench.wait_root('main', 'ok')
    time.sleep(3)
    for camera in CAMERAS:
        segments, gaps = bench.finish(camera)
        assert bench.used_roots(segments)[0] == 'main' and bench.used_roots(segments)[-1] == 'spare'
        assert find_lost_and_doubled(bench.stamps(segments)) == ([], [])
        assert gaps == []
        bench.check_playable(segments)
    metrics = bench.daemon.metrics()
    assert not any(v for k, v in metrics.items() if k.startswith('potoo_fragment_queue_dropped'))
    assert metrics['potoo_storage_state{root="main",state="ok"}'] == 1


def test_disks_fail(bench):
    """The one, and when that works again the other."""
    bench.record(5)
    bench.fail(errno.EIO)
    bench.wait_root('main', 'failed')
    time.sleep(3)
    bench.fail(None)
    bench.wait_root('main', 'ok')
    bench.fail(errno.EROFS, 'spare')
    bench.wait_root('spare', 'read-only')
    time.sleep(3)
    bench.fail(None)
    bench.wait_root('spare', 'ok')
    for camera in CAMERAS:
        segments, gaps = bench.finish(camera)
        used = bench.used_roots(segments)
        assert [root for root, _ in itertools.groupby(used)] == ['main', 'spare', 'main']
        assert {gap['cause'] for gap in gaps} <= {'disk-error'}
        assert all(seconds_of([gap]) <= MAX_LOSS_S for gap in gaps) and len(gaps) <= 2
        check_loss(bench.stamps(segments), gaps)
        bench.check_playable(segments)


def test_directory_goes_and_comes_back(bench):
    """As a disk that is unmounted and mounted again: the mount point that is left is not written to."""
    main, away = bench.roots['main'], bench.directory / 'away'
    bench.record()
    main.rename(away)
    main.mkdir()
    root = bench.wait_root('main', 'missing')
    assert str(main) in root['reason']
    time.sleep(7)  # it is looked for meanwhile
    assert list(main.iterdir()) == []
    assert 'mount' in bench.root('main')['reason']
    main.rmdir()
    away.rename(main)
    bench.wait_root('main', 'ok')
    for camera in CAMERAS:
        segments, gaps = bench.finish(camera)
        assert bench.used_roots(segments)[0] == 'main' and bench.used_roots(segments)[-1] == 'spare'
        assert all(s['state'] == 'closed' for s in segments)
        assert seconds_of(gaps) <= MAX_LOSS_S
        check_loss(bench.stamps(segments), gaps)
        bench.check_playable(segments)


def test_disks_at_start(bench):
    """Unmounted, then in each other's place, then where they belong."""
    main, spare, away = bench.roots['main'], bench.roots['spare'], bench.directory / 'away'
    bench.record(3)
    assert bench.daemon.stop() == 0
    main.rename(away)
    main.mkdir()
    bench.daemon.start()
    assert bench.root('main')['state'] == 'missing'
    assert 'Storage root main is missing: ' in bench.daemon.read_log()
    wait_until(lambda: list(spare.glob('door/*/*.mp4')), 15, 'the spare root to be used')
    assert bench.daemon.stop() == 0
    assert list(main.iterdir()) == []

    main.rmdir()
    spare.rename(main)
    away.rename(spare)
    files = {p: p.stat().st_mtime_ns for r in (main, spare) for p in r.rglob('*') if p.is_file()}
    bench.daemon.start()
    assert {bench.root(name)['state'] for name in bench.roots} == {'foreign'}
    time.sleep(3)
    gaps = [g for g in bench.daemon.gaps('door') if g['end'] is None]
    assert [g['cause'] for g in gaps] == ['disk-error']
    assert files == {p: p.stat().st_mtime_ns for r in (main, spare) for p in r.rglob('*') if p.is_file()}

    main.rename(away)
    spare.rename(main)
    away.rename(spare)
    for name in bench.roots:
        bench.wait_root(name, 'ok')
    wait_until(lambda: bench.daemon.gaps('door')[-1]['end'], 15, 'the gap to end')
    for camera in CAMERAS:
        segments, _ = bench.finish(camera)
        bench.check_playable(segments)


@pytest.fixture
def small_disk(workshop):
    path = workshop.directory / 'main'
    path.mkdir()
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f'a small disk cannot be mounted here: {mounted.stderr.strip()}')
    yield path
    subprocess.run(['umount', '-l', path], check=True)


def test_disk_fills(small_disk, workshop):
    """Nothing may be evicted: the stream goes elsewhere in time, and loses nothing."""
    bench = Bench(workshop)
    for name in CAMERAS:
        bench.daemon.add_camera(id=name, url=bench.sim.urls[name], min_days=1)
    filler = small_disk / 'filler'
    for name in CAMERAS:
        bench.daemon.wait_state(name, 'streaming')
    time.sleep(4)
    # Somebody else takes what is left, down to min-free.
    used = sum(p.stat().st_size for p in small_disk.rglob('*.mp4'))
    filler.write_bytes(b'x' * max(0, (3 << 20) - used - 100_000))
    root = bench.wait_root('main', 'full')
    assert 'min-free' in root['reason']
    time.sleep(4)
    for camera in CAMERAS:
        segments, gaps = bench.finish(camera)
        assert bench.used_roots(segments)[0] == 'main' and bench.used_roots(segments)[-1] == 'spare'
        assert find_lost_and_doubled(bench.stamps(segments)) == ([], [])
        assert gaps == []
    filler.unlink()
    bench.wait_root('main', 'ok')


def test_plain_mistakes_are_refused(make_daemon, tmp_path):
    """By status 78; what may be a disk that comes later is none."""
    daemon = make_daemon()
    assert daemon.stop() == 0
    real, link, file = tmp_path / 'real', tmp_path / 'link', tmp_path / 'file'
    real.mkdir()
    link.symlink_to(real)
    file.write_text('')
    for roots, words in (
        ({'a': {'path': real}, 'b': {'path': real / 'inside'}}, 'one inside the other'),
        ({'a': {'path': real}, 'b': {'path': link}}, 'by way of a link'),
        ({'a': {'path': file}}, 'not a directory'),
        ({'a': {'path': real, 'max-bytes': '9MB'}}, 'smaller than one segment'),
    ):
        text = '[storage]\nsegment-duration=10s\n' + ''.join(
            f'[storage-root {name}]\n' + ''.join(f'{k}={v}\n' for k, v in keys.items())
            for name, keys in roots.items()
        )
        daemon.config_path.write_text(text)
        found = subprocess.run(
            daemon.process.command[:5], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL
        )
        assert found.returncode == 78, (roots, found)
        assert words in found.stderr, found.stderr
    assert list(real.iterdir()) == []
