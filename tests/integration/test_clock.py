# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded before a step of the clock is dated anew: as much as goes at once, more than that, and with a
daemon that is stopped meanwhile.

The rows are written into the catalog: no camera is needed, and no file. For real recordings see faults/test_clock_command.py.
"""

import http.client
import signal
import sqlite3
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing

import pytest
from potoo_clock import DAY_S, SetClock
from potoo_process import wait_until

MAX_SEGMENTS = 20_000  # catalog/potoo-catalog-correct.h
SEGMENT_US = 300 * 1_000_000
STEP_S = 3600
BOOT = 'one'


def open_catalog(daemon):
    return closing(sqlite3.connect(daemon.state_dir / 'catalog.db', timeout=20, isolation_level=None))


def write_segments(daemon, count):
    """One after the other, of this boot, and of days that no start compares with their folders."""
    begin_us = int(time.time() - 100 * DAY_S) * 1_000_000
    with open_catalog(daemon) as link:
        link.execute('BEGIN')
        link.execute(
            'WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)'
            ' INSERT INTO segments (id, camera, stream, root, state, recording, start_us, end_us, mono_us, boot_id,'
            ' duration_ticks, size_bytes, init_bytes, codecs)'
            " SELECT c.next + i, 'door', 0, r.id, 1, c.next, ?2 + i * ?3, ?2 + (i + 1) * ?3, 1, ?4, 1, 1000, 700,"
            " 'avc1.64001f' FROM n, (SELECT min(id) AS id FROM storage_roots) r, id_counters c WHERE c.name = 'segment'",
            (count, begin_us, SEGMENT_US, BOOT),
        )
        link.execute("UPDATE id_counters SET next = next + ? WHERE name = 'segment'", (count,))
        link.execute('COMMIT')


@pytest.fixture
def set_clock(make_daemon, tmp_path):
    """Factory: a daemon whose clock was set behind so many segments."""

    def make(count):
        clock = SetClock(tmp_path / 'offset')
        daemon = make_daemon(env={**clock.env, 'POTOO_TEST_BOOT_ID': BOOT})
        assert daemon.stop() == 0
        write_segments(daemon, count)
        daemon.start()
        clock.set_by(STEP_S)
        wait_until(lambda: daemon.get('/api/v1/clock')['steps'], 30, 'the step')
        return daemon

    return make


def correct(daemon):
    return daemon.api('POST', '/api/v1/clock/correct', {'step': 1}, timeout=120)


def is_corrected(daemon):
    (step,) = daemon.get('/api/v1/clock')['steps']
    return step['corrected']


def starts(daemon):
    return {row['id']: row['start_us'] for row in daemon.query('SELECT id, start_us FROM segments')}


def check_moved(daemon, before):
    """All of them, by the step."""
    (step,) = daemon.get('/api/v1/clock')['steps']
    after = starts(daemon)
    assert after.keys() == before.keys()
    assert {after[id] - before[id] for id in after} == {round(step['seconds'] * 1e6)}


def test_more_than_goes_at_once(set_clock):
    daemon = set_clock(MAX_SEGMENTS + 1)
    before = starts(daemon)
    status, _, problem = correct(daemon)
    assert status == 413 and str(MAX_SEGMENTS) in problem['detail'], problem
    assert starts(daemon) == before and not is_corrected(daemon)
    assert daemon.metrics()['potoo_clock_corrections_refused_total'] == 1
    with open_catalog(daemon) as link:
        link.execute('DELETE FROM segments WHERE id = (SELECT min(id) FROM segments)')
    before.pop(min(before))
    status, _, answer = correct(daemon)
    assert status == 200 and answer['steps'][0]['corrected']
    check_moved(daemon, before)


def answer_of(flying):
    """None: the daemon went without one."""
    try:
        return flying.result()[0]
    except (OSError, http.client.HTTPException):
        return None


def is_stopping(daemon):
    try:
        return daemon.api('GET', '/readyz')[0] != 200
    except (OSError, http.client.HTTPException):
        return True


def test_stop_with_one_in_flight(set_clock):
    """It is done or not, never half, whoever was told; while it is under way no other one begins."""
    daemon = set_clock(1000)
    before = starts(daemon)
    with open_catalog(daemon) as link, ThreadPoolExecutor(2) as pool:
        link.execute('BEGIN IMMEDIATE')  # what is asked for now waits
        asked = [pool.submit(correct, daemon) for _ in range(2)]
        refused, flying = wait(asked, return_when=FIRST_COMPLETED)
        assert {answer_of(one) for one in refused} == {503}
        daemon.process.child.send_signal(signal.SIGTERM)
        wait_until(lambda: is_stopping(daemon), 20, 'the stop')
        link.execute('ROLLBACK')
        assert {answer_of(one) for one in flying} <= {None, 200, 503}
    assert daemon.process.wait(20) == 0
    daemon.start()
    if is_corrected(daemon):
        check_moved(daemon, before)
    else:
        assert starts(daemon) == before
    assert correct(daemon)[0] == 200 and is_corrected(daemon)
    check_moved(daemon, before)
