# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings and catalog that something happened to: seen, told, put right; and a catalog that is lost."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest
from potoo_process import POTOO, POTOOCTL, SLOWNESS, wait_until

CLOSED, DAMAGED = 1, 2  # catalog/potoo-catalog-segments.h
BUSY, DATA_ERROR, NO_INPUT, USAGE = 75, 65, 66, 64  # sysexits(3)
TIMEOUT_S = 20 * SLOWNESS


def record(daemon, camera, seconds=2):
    """One more finished segment."""
    known = {segment['id'] for segment in daemon.segments(camera)}
    daemon.patch_camera(camera, enabled=True)

    def is_long():
        new = [s for s in daemon.segments(camera) if s['id'] not in known]
        return new and new[0]['duration'] >= seconds

    wait_until(is_long, TIMEOUT_S, 'a segment')
    new = [s for s in daemon.disable_camera(camera) if s['id'] not in known]
    assert len(new) == 1
    return new[0]


@pytest.fixture(scope='module')
def recorded(module_workshop):
    """The state directory of a daemon that recorded two segments of a camera, which is disabled now;
    and the camera's URL."""
    sim = module_workshop.sim({'door': {}})
    daemon = module_workshop.daemon()
    daemon.add_camera(id='door', url=sim.urls['door'], enabled=False)
    record(daemon, 'door')
    record(daemon, 'door')
    wait_hashed(daemon)
    assert daemon.stop() == 0
    return daemon.state_dir, sim.urls['door']


@pytest.fixture
def make_verified(workshop, recorded, tmp_path):
    """A daemon on a copy of it, besides which there are @files."""

    def make(env=None, files=(), **storage):
        directory = tmp_path / 'verified'
        shutil.copytree(recorded[0], directory / 'state')
        for name in files:
            (directory / 'state' / name).touch()
        daemon = workshop.daemon(directory=directory, env=env, config={'storage': storage})
        daemon.two = daemon.segments('door')
        daemon.camera_url = recorded[1]
        assert len(daemon.two) == 2
        return daemon

    return make


@pytest.fixture
def verified(make_verified):
    return make_verified(**{'verify-bandwidth': '1MB'})


def hashes(daemon):
    rows = daemon.query('SELECT id, sha256 FROM segments')
    return {row['id']: row['sha256'].hex() if row['sha256'] else None for row in rows}


def wait_hashed(daemon):
    return wait_until(
        lambda: None not in (found := hashes(daemon)).values() and found, TIMEOUT_S, 'hashes'
    )


def verify(daemon, repair=False):
    """Has the daemon do it; the report."""
    status, _, body = daemon.api('POST', '/api/v1/verify', {'repair': repair})
    assert status == 202, body

    def look():
        found = daemon.get('/api/v1/verify')
        return found['state'] == 'idle' and found['report']

    return wait_until(look, TIMEOUT_S, 'the verification')


def run_verify(daemon, *arguments):
    return subprocess.run(
        [POTOO, '--verify', '--config', daemon.config_path, '--state-dir', daemon.state_dir, *arguments],
        capture_output=True, text=True, timeout=60 * SLOWNESS, check=False,
    )  # fmt: skip


def spoil(path, offset=-30):
    """One bit of the media, where no box tells."""
    with path.open('r+b') as file:
        file.seek(offset, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(offset, os.SEEK_END)
        file.write(bytes([byte ^ 4]))


def problems(report):
    return {name: n['found'] for name, n in report['problems'].items() if n['found']}


def test_hashes_and_background(verified):
    """What is closed has the hash of its file; bit rot is found, and told where; repair marks it."""
    daemon = verified
    paths = {int(s['id'], 16): daemon.segment_path(s) for s in daemon.two}
    expected = {id: hashlib.sha256(path.read_bytes()).hexdigest() for id, path in paths.items()}
    assert wait_hashed(daemon) == expected

    report = verify(daemon)
    assert report['segments'] == report['files'] == 2
    assert report['bytes'] == sum(path.stat().st_size for path in paths.values())
    assert report['error'] is None and problems(report) == {} and report['findings'] == []

    victim = daemon.two[0]
    spoil(paths[int(victim['id'], 16)])
    report = verify(daemon)
    assert problems(report) == {'changed': 1} and report['open_problems'] == 1
    finding = report['findings'][0]
    assert finding['segment'] == victim['id'] and finding['repaired'] is False
    assert paths[int(victim['id'], 16)] == daemon.recordings_dir / finding['path']
    assert daemon.get(f'/api/v1/segments/{victim["id"]}')['state'] == 'closed'
    assert daemon.metrics()['potoo_verify_problems{problem="changed"}'] == 1
    assert f'{finding["path"]}: ' in daemon.read_log()

    report = verify(daemon, repair=True)
    assert problems(report) == {'changed': 1} and report['open_problems'] == 0
    assert daemon.get(f'/api/v1/segments/{victim["id"]}')['state'] == 'damaged'
    assert problems(verify(daemon)) == {}


def test_requests(verified):
    """One at a time; what is not understood is refused; it can be stopped, also by the end of all."""
    daemon = verified
    for bad in ({'repair': 'yes'}, {'repair': None}, {'other': True}, {'repair': 1}):
        status, _, problem = daemon.api('POST', '/api/v1/verify', bad)
        assert status == 400 and problem['pointer'].startswith('/'), (bad, problem)
    assert daemon.api('POST', '/api/v1/verify', raw=b'', headers={})[0] in (400, 415)
    assert daemon.api('DELETE', '/api/v1/verify')[0] == 409
    big = daemon.segment_path(daemon.two[0])
    with big.open('ab') as file:
        file.truncate(big.stat().st_size + 20_000_000)  # takes 20 s to read
    with sqlite3.connect(daemon.state_dir / 'catalog.db', timeout=20) as link:
        link.execute('UPDATE segments SET size_bytes = size_bytes + 20000000, sha256 = NULL WHERE id = ?',
                     (int(daemon.two[0]['id'], 16),))  # fmt: skip
    assert daemon.api('POST', '/api/v1/verify', {})[0] == 202
    answers = [daemon.api('POST', '/api/v1/verify', {})[0] for _ in range(2)]
    if daemon.get('/api/v1/verify')['state'] == 'running':
        assert answers == [409, 409]
        assert daemon.api('DELETE', '/api/v1/verify')[0] == 204
    wait_until(lambda: daemon.get('/api/v1/verify')['state'] == 'idle', TIMEOUT_S, 'the end')
    daemon.api('POST', '/api/v1/verify', {})
    assert daemon.stop() == 0


def test_command(verified):
    """Offline: refused while Potoo runs, naming the way out; exit status, lines and JSON."""
    daemon = verified
    wait_hashed(daemon)
    busy = run_verify(daemon)
    assert busy.returncode == BUSY and str(daemon.pid) in busy.stderr and 'potooctl verify' in busy.stderr
    assert daemon.stop() == 0
    for usage in (['--repair'], ['--json']):
        found = subprocess.run([POTOO, *usage], capture_output=True, text=True, check=False)
        assert found.returncode == USAGE and '--verify' in found.stderr

    nowhere = daemon.directory / 'nowhere'
    for arguments in ([], ['--repair']):
        command = [POTOO, '--verify', '--state-dir', nowhere, *arguments]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert found.returncode == NO_INPUT and str(nowhere) in found.stderr
    assert not nowhere.exists()

    clean = run_verify(daemon)
    assert (clean.returncode, clean.stderr) == (0, '') and 'All recordings' in clean.stdout
    victim, other = map(daemon.segment_path, daemon.two)
    os.truncate(victim, victim.stat().st_size - 1000)
    aside = daemon.directory / other.name
    other.rename(aside)
    (victim.parent / 'holiday.mp4').write_bytes(b'mine')
    before = daemon.query('SELECT * FROM segments ORDER BY id')
    found = run_verify(daemon, '--json')
    report = json.loads(found.stdout)
    assert found.returncode == DATA_ERROR and '--repair' in found.stderr
    assert problems(report) == {'damaged': 1, 'missing': 1, 'foreign': 1}
    assert daemon.query('SELECT * FROM segments ORDER BY id') == before

    repaired = run_verify(daemon, '--repair')
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert re.search(r'^damaged: main/door/.*\(repaired\)$', repaired.stdout, re.M)
    rows = daemon.query('SELECT * FROM segments')
    assert [row['state'] for row in rows] == [DAMAGED]
    assert rows[0]['size_bytes'] <= victim.stat().st_size
    gaps = daemon.query("SELECT * FROM gaps WHERE cause = 'damaged' ORDER BY start_us")
    assert [gap['end_us'] for gap in gaps] == [row['end_us'] for row in before]

    aside.rename(other)
    assert run_verify(daemon).returncode == DATA_ERROR
    assert run_verify(daemon, '--repair').returncode == 0
    assert len(daemon.query('SELECT * FROM segments')) == 2
    daemon.start()
    assert len(daemon.segments('door')) == 2


def test_potooctl(workshop, make_verified):
    """The same over D-Bus: it waits, tells, and ends with a status for scripts."""
    bus = workshop.bus()
    daemon = make_verified(env=bus.env)
    wait_until(lambda: 'Potoo is org.potoo.Nvr1' in daemon.read_log(), TIMEOUT_S, 'the bus')

    def ctl(*arguments):
        command = [POTOOCTL, 'verify', *arguments]
        env = {**os.environ, **bus.env, 'LC_ALL': 'C.UTF-8'}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert ctl('--stop').returncode != 0
    clean = ctl()
    assert clean.returncode == 0 and 'segments: 2 of 2' in clean.stdout, clean
    spoil(daemon.segment_path(daemon.two[1]))
    found = ctl()
    assert found.returncode == DATA_ERROR and 'changed' in found.stdout
    assert found.stderr.startswith('potooctl: ') and found.stderr.count('\n') == 1
    told = ctl('--status', '--json')
    assert told.returncode == DATA_ERROR
    assert json.loads(told.stdout) == daemon.get('/api/v1/verify')
    assert ctl('--repair').returncode == 0
    assert ctl('--status').returncode == 0


# Of a clock that was wrong when they were made.
BACKUPS_AHEAD = [f'catalog.db.backup-scheduled-v3-2{century}991231T000000Z' for century in (0, 1)]


def backups(daemon):
    found = sorted(daemon.state_dir.glob('catalog.db.backup-scheduled-v*'))
    return [path for path in found if path.name not in BACKUPS_AHEAD]


def test_lost_catalog(make_verified):
    """Spoilt: the newest backup takes its place, and what was recorded since is found on the disk;
    without one all recordings are found, as those of a removed camera. Recording goes on at once."""
    daemon = make_verified(files=BACKUPS_AHEAD, **{'backup-interval': '10s'})
    wait_until(lambda: backups(daemon), 30 * SLOWNESS, 'a backup', interval=0.2)
    assert backups(daemon)[0].stat().st_mode & 0o777 == 0o600
    assert daemon.stop() == 0
    daemon.config_path.write_text(
        daemon.config_path.read_text().replace('backup-interval=10s', 'backup-interval=0')
    )
    daemon.start()
    record(daemon, 'door')
    assert daemon.stop() == 0
    before = {s['id'] for s in daemon.query('SELECT id FROM segments')}
    (daemon.state_dir / 'catalog.db').write_bytes(b'no database' * 1000)
    daemon.start()
    wait_until(lambda: daemon.get('/api/v1/verify')['catalog_complete'], TIMEOUT_S, 'a whole catalog')
    assert daemon.camera('door')['url'] == daemon.camera_url
    assert {int(s['id'], 16) for s in daemon.segments('door')} == before
    assert list(daemon.state_dir.glob('catalog.db.corrupt-*'))
    assert 'restored from' in daemon.read_log()
    new = record(daemon, 'door')
    assert int(new['id'], 16) not in before
    assert problems(verify(daemon)) == {}

    assert daemon.stop() == 0
    for path in daemon.state_dir.glob('catalog.db*'):
        path.unlink()
    assert run_verify(daemon).returncode == NO_INPUT
    assert not (daemon.state_dir / 'catalog.db').exists()
    daemon.start()
    wait_until(lambda: daemon.get('/api/v1/verify')['catalog_complete'], TIMEOUT_S, 'a whole catalog')
    assert daemon.get('/api/v1/cameras')['items'] == []
    found = before | {int(new['id'], 16)}
    assert {int(s['id'], 16) for s in daemon.segments('door')} == found
    assert problems(verify(daemon)) == {}

    # Added again, the camera goes on with them.
    door = {'id': 'door', 'url': daemon.camera_url}
    assert daemon.api('POST', '/api/v1/cameras', door)[0] == 409
    assert daemon.api('POST', '/api/v1/cameras?recordings=adopt', door)[0] == 201
    newest = record(daemon, 'door')
    assert {int(s['id'], 16) for s in daemon.segments('door')} >= found | {int(newest['id'], 16)}
    assert problems(verify(daemon)) == {}


def test_damaged_while_running(verified):
    """Recording goes on, the trouble shows, and the next start has a sound catalog."""
    daemon = verified
    with sqlite3.connect(daemon.state_dir / 'catalog.db', timeout=20) as link:
        link.execute('PRAGMA writable_schema = ON')
        link.execute("UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'segment_index'")
        link.execute('PRAGMA schema_version = 4711')
    daemon.api('PATCH', '/api/v1/cameras/door', {'enabled': True})
    wait_until(lambda: daemon.get('/api/v1/system')['catalog_error'], TIMEOUT_S, 'the trouble to show')
    assert 'damaged' in daemon.get('/api/v1/system')['catalog_error']
    daemon.stop()
    files = sorted(daemon.recordings_dir.rglob('*.mp4'))
    daemon.start()
    wait_until(lambda: daemon.get('/api/v1/verify')['catalog_complete'], TIMEOUT_S, 'a whole catalog')
    assert len(daemon.segments('door')) == len(files)
    assert daemon.get('/api/v1/system')['catalog_error'] is None
