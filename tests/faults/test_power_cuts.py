# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts at random moments, with rotation and eviction going on: what was durable is there, and whole.

The shim power-cut.c tells what of the state directory is durable; see tests/lib/potoo_power.py for
what a cut leaves. POTOO_CUTS: how many (20; `scripts/test power-cuts-long` takes 200), POTOO_SEED: to
repeat a run.
"""

import os
import statistics
import threading
import time
import traceback

from potoo_cuts import DECLARED_MS, PowerVictim

CUTS = int(os.environ.get('POTOO_CUTS', 20))
SEED = int(os.environ.get('POTOO_SEED', time.time_ns() % 1_000_000))
DAEMONS = 3  # beside each other
CAMERAS = {
    f'cam-{i}': {'bitrate': 500, 'codec': ('h264', 'h265')[i % 2], 'audio': ('aac', 'none')[i % 3 > 0]}
    for i in range(8)
}
FEW = {name: CAMERAS[name] for name in ('cam-0', 'cam-1')}


def run_beside_each_other(lives):
    """Each in a thread of its own: a daemon dies with the thread that started it."""
    errors = []

    def run(live):
        try:
            live()
        except BaseException as error:
            traceback.print_exc()
            errors.append(error)

    threads = [threading.Thread(target=run, args=(live,)) for live in lives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_power_cuts_at_random_moments(workshop, capsys):
    print(f'{CUTS} power cuts, POTOO_SEED={SEED}')
    sim = workshop.sim(CAMERAS)
    victims = [PowerVictim(workshop, sim, CAMERAS, f'victim-{n}', SEED + n) for n in range(DAEMONS)]
    run_beside_each_other([lambda v=v, n=n: v.live(len(range(n, CUTS, DAEMONS))) for n, v in enumerate(victims)])
    violations = [violation for v in victims for violation in v.violations]
    losses_ms = [loss for v in victims for loss in v.losses_ms]
    with capsys.disabled():
        print(
            f'\n{sum(v.cuts for v in victims)} power cuts: median loss {statistics.median(losses_ms):.0f} ms, '
            f'worst {max(losses_ms):.0f} ms of {len(losses_ms)}, declared '
            f'{DECLARED_MS} ms and what a recorder waits for syncs (longest '
            f'{max(v.longest_wait_ms for v in victims):.0f} ms); violations: {len(violations)}; '
            f'{sum(v.rotations for v in victims)} rotations, {sum(v.evicted for v in victims)} segments '
            f'evicted, {sum(v.edits for v in victims)} edits, {sum(v.kills for v in victims)} kills before cuts'
        )
    assert violations == []
    assert sum(v.evicted for v in victims) > 0 and sum(v.rotations for v in victims) > 0


def test_syncs_that_do_nothing_are_noticed(workshop):
    """Else the test above could not fail."""
    sim = workshop.sim(FEW)
    victims = [
        PowerVictim(workshop, sim, FEW, lie, SEED, env={'POTOO_TEST_POWER_LIES': lie}, patience_s=1)
        for lie in ('files', 'directories')
    ]

    def live(victim):
        victim.daemon.expect_clean = False
        victim.run(5, early=False, keep='nothing')
        _, before = victim.revive()
        victim.check(before)
        victim.daemon.kill()

    run_beside_each_other([lambda v=v: live(v) for v in victims])
    for victim in victims:
        assert victim.violations != [], victim.daemon.directory


def test_journal_tells_all_that_is_done(workshop):
    """What the shim does not see would look as if it were lost."""
    victim = PowerVictim(workshop, workshop.sim(FEW), FEW, 'witness', SEED)
    disk = victim.start()
    for name in FEW:
        victim.daemon.wait_state(name, 'streaming')
    time.sleep(2)
    assert all(victim.daemon.disable_camera(name) for name in FEW)
    assert victim.daemon.stop() == 0
    disk.replay()
    written = {name: bytes(content) for name, content in disk.written().items()}
    assert written == {
        str(path.relative_to(disk.path)): path.read_bytes()
        for path in disk.path.rglob('*')
        if path.is_file()
    }
    assert len([name for name in written if name.endswith('.mp4')]) == len(FEW)
