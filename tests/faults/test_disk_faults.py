# SPDX-License-Identifier: GPL-3.0-or-later
"""One disk and no other to go to: it fails, stands still, or belongs to somebody else."""

import errno
import os
import signal
import subprocess
import time

from potoo_daemon import Daemon, parse_time
from potoo_disk import CAMERAS, FPS, MAX_LOSS_S, SHIM, Bench, check_loss, seconds_of
from potoo_ledger import check_ledger
from potoo_process import POTOO, wait_until
from potoo_recording import find_lost_and_doubled, read_stamps

STALL_S = 10
BUSY = 75  # EX_TEMPFAIL, sysexits(3)


def test_syncs_fail(workshop):
    """Writes go well, and what they wrote does not reach the disk: it is never tried again."""
    bench = Bench(workshop, names=('main',))
    bench.record(4)
    failed_us = time.time_ns() // 1000
    bench.fail(f'sync {errno.EIO}')
    root = bench.wait_root('main', 'failed')
    assert str(bench.roots['main']) in root['reason']
    time.sleep(3)
    bench.fail(None)
    bench.wait_root('main', 'ok', timeout=40)
    over_us = time.time_ns() // 1000
    wait_until(
        lambda: all(bench.daemon.gaps(camera)[-1]['end'] for camera in CAMERAS), 20, 'the gaps to end'
    )
    time.sleep(2)
    for camera in CAMERAS:
        segments, gaps = bench.finish(camera)
        assert {gap['cause'] for gap in gaps} == {'disk-error'}
        assert parse_time(gaps[0]['start']) > failed_us - MAX_LOSS_S * 1e6
        assert parse_time(gaps[-1]['end']) < over_us + 4e6
        lost = check_loss(bench.stamps(segments), gaps)
        print(camera, len(lost), 'pictures lost,', f'{seconds_of(gaps):.2f} s of gaps')
        bench.check_playable(segments)


def test_writes_stand_still(workshop):
    """Memory holds what comes meanwhile: nothing is lost."""
    bench = Bench(workshop, names=('main',))
    bench.record(3)
    bench.fail('hang')
    time.sleep(STALL_S)
    waiting = sum(
        v for k, v in bench.daemon.metrics().items() if k.startswith('potoo_fragment_queue_bytes')
    )
    assert waiting > 100_000
    assert {bench.daemon.state(camera) for camera in CAMERAS} == {'streaming'}
    bench.fail(None)
    bench.wait_root('main', 'ok')
    time.sleep(3)
    for camera in CAMERAS:
        segments, gaps = bench.finish(camera)
        assert gaps == []
        assert find_lost_and_doubled(bench.stamps(segments)) == ([], [])
        bench.check_playable(segments)


def test_reload_while_it_starts(workshop):
    """That is no end: it is done once Potoo is up."""
    command = workshop.directory / 'disk'
    options = os.environ.get('ASAN_OPTIONS', '')
    daemon = Daemon(
        workshop.directory / 'slow',
        start=False,
        env={
            'LD_PRELOAD': str(SHIM),
            'POTOO_TEST_DISK': str(command),
            'ASAN_OPTIONS': f'{options}:verify_asan_link_order=0',
        },
    )
    workshop.made.append(daemon)
    command.write_text(f'{daemon.state_dir}\nhang\n')
    daemon.launch()
    wait_until((daemon.state_dir / 'lock').exists, 20, 'the start to be under way')
    daemon.process.child.send_signal(signal.SIGHUP)
    command.write_text('')
    wait_until(daemon.is_ready, 20, 'potoo to be ready')
    wait_until(lambda: 'Configuration read' in daemon.read_log(), 20, 'the configuration to be read')


def test_two_daemons_on_one_root(workshop):
    """The one that came first does not notice; another says who has it, and starts when it is free."""
    root = workshop.directory / 'shared'
    config = {'storage-root main': {'path': root, 'min-free': '1MB'}}
    sim = workshop.sim({'door': {}})
    first = workshop.daemon(config=config)
    first.add_camera(id='door', url=sim.urls['door'])
    first.wait_state('door', 'streaming')
    for _ in range(3):
        second = Daemon(workshop.directory / 'second', config=config, start=False)
        command = [POTOO, '--config', second.config_path, '--state-dir', second.state_dir]
        found = subprocess.run(
            command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False
        )
        assert found.returncode == BUSY
        assert str(root) in found.stderr and f'process {first.pid}' in found.stderr
        time.sleep(1)
    segments = first.disable_camera('door')
    stamps = [s for row in segments for s in read_stamps(next(root.glob(f'door/*/*-{row["id"]}.mp4')))]
    assert len(stamps) > 2 * FPS and find_lost_and_doubled(stamps) == ([], [])
    assert first.get('/api/v1/storage')['roots'][0]['state'] == 'ok'
    assert first.stop() == 0

    second = workshop.daemon(directory=workshop.directory / 'second', config=config)
    second.add_camera(id='yard', url=sim.urls['door'])
    second.wait_state('yard', 'streaming')
    time.sleep(3)
    assert second.disable_camera('yard')
    assert list(root.glob('yard/*/*.mp4'))
    check_ledger(second, 'yard')
