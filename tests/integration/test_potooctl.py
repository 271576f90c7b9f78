# SPDX-License-Identifier: GPL-3.0-or-later
"""potooctl as a user types it: on terminals of several widths, in pipes, for scripts."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata
from pathlib import Path

import pytest
from potoo_daemon import parse_time
from potoo_process import POTOOCTL, SLOWNESS, TOP, die_with_parent, wait_until
from potoo_rtsp_client import RtspClient

DEAD_URL = 'rtsp://127.0.0.1:1/nothing'
# sysexits(3)
USAGE, DATA, NO_INPUT, UNAVAILABLE, EXISTS, NO_SPACE, IO_ERROR = 64, 65, 66, 69, 73, 73, 74


def make_env(bus):
    return {
        **os.environ,
        'LC_ALL': 'C.UTF-8',
        'TZ': 'UTC',
        'G_DEBUG': 'fatal-criticals',
        'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=/nonexistent/bus',
        **(bus.env if bus else {'DBUS_SESSION_BUS_ADDRESS': 'disabled:'}),
    }


class Ctl:
    """potooctl on a bus, in a pipe."""

    def __init__(self, bus):
        self.env = make_env(bus)

    def run(self, *arguments, status=0, **options):
        """Standard output of a run that must end with @status; its complaint when that is not 0."""
        options = {'text': True, 'input': '', 'timeout': 60 * SLOWNESS, **options}
        found = subprocess.run(
            [str(POTOOCTL), *arguments], capture_output=True, env=self.env, check=False, **options
        )
        assert found.returncode == status, (arguments, found.returncode, found.stdout, found.stderr)
        if status == 0:
            assert not found.stderr, found.stderr
            return found.stdout
        assert found.stderr.startswith('potooctl: ') and found.stderr.count('\n') == 1, found.stderr
        assert not found.stdout
        return found.stderr

    def json(self, *arguments, **options):
        return json.loads(self.run('--json', *arguments, **options))

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [str(POTOOCTL), *arguments],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
            **options,
        )

    def terminal(self, *arguments, columns=60, type_after=None):
        return Terminal(self.env, arguments, columns, type_after)


class Terminal:
    """A run on a pseudo terminal of its own, to its end."""

    def __init__(self, env, arguments, columns, type_after=None):
        """@type_after: (what is waited for, what is typed then)."""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
            os.execve(POTOOCTL, [str(POTOOCTL), *arguments], env)
        self.output = b''
        if type_after is not None:
            self.read_until(type_after[0])
            self.echoes = bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)
            self.command_line = Path(f'/proc/{self.pid}/cmdline').read_bytes().decode()
            os.write(self.fd, type_after[1].encode())
        self.read_until(None)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        self.text = self.output.decode().replace('\r\n', '\n')

    def read_until(self, text):
        deadline = time.monotonic() + 30 * SLOWNESS
        while text is None or text.encode() not in self.output:
            assert time.monotonic() < deadline, self.output
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.fd, 4096)
            except OSError:  # it has ended
                data = b''
            if not data:
                assert text is None, self.output
                return
            self.output += data

    @property
    def lines(self):
        return self.text.splitlines()


def width_of(line):
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line
    )


@pytest.fixture(scope='module')
def world(module_workshop):
    """A daemon with a camera that streams, one that cannot be reached and one that is disabled."""

    class World:
        bus = module_workshop.bus()
        sim = module_workshop.sim({'door': {'codec': 'h264', 'audio': 'aac'}})
        daemon = module_workshop.daemon(env=bus.env)
        ctl = Ctl(bus)

    wait_until(lambda: 'Potoo is org.potoo.Nvr1' in World.daemon.read_log(), 10, 'the bus')
    assert World.ctl.run('cameras', 'add', World.sim.urls['door'], 'name=Front Door') == (
        'front-door is added\n'
    )
    World.ctl.run('cameras', 'add', DEAD_URL, 'id=2nd-cam', 'name=東京 Türe')
    World.ctl.run('cameras', 'add', DEAD_URL, 'id=off', 'enabled=no')
    World.daemon.wait_state('front-door', 'streaming')
    World.daemon.wait_state('2nd-cam', 'backing-off')
    wait_until(lambda: World.daemon.segments('front-door'), 10, 'a segment')
    wait_until(lambda: World.ctl.json('cameras', 'show', 'front-door')['status']['fps'], 10, 'fps')
    yield World


@pytest.fixture
def ctl(world):
    return world.ctl


# --- help and mistakes ---


def list_commands(ctl):
    page = ctl.run('--help')
    return re.findall(r'^  ((?:(?:cameras|clock|events|locks|record|segments|viewers) )?[a-z]+)(?: .*)?$', page.split('Commands:')[1], re.M)


def test_help(ctl):
    commands = list_commands(ctl)
    assert 'cameras add' in commands and 'watch' in commands and len(commands) == 31, commands
    for command in ['cameras', 'clock', 'events', 'locks', 'segments', 'viewers', *commands]:
        page = ctl.run(*command.split(), '--help')
        assert f'potooctl {command}' in page
        for option in ('--json', '--system', '--user'):
            assert option in page
    assert '--ask-password' in ctl.run('cameras', 'edit', '--help')
    assert ctl.run('--version').startswith('potooctl 0.')


def test_help_fits_a_terminal(ctl):
    page = ctl.terminal('--help', columns=60)
    listed = page.text.split('Commands:')[1].split('\n\n')[0]
    assert all(width_of(line) <= 60 for line in listed.splitlines())


@pytest.mark.parametrize(
    'arguments, said',
    [
        (['dance'], 'dance'),
        (['cameras', 'dance'], 'dance'),
        (['cameras', 'show'], 'CAMERA'),
        (['cameras', 'show', 'a', 'b'], 'b'),
        (['cameras', 'add'], 'URL'),
        (['cameras', 'add', 'http://x', 'id=x'], 'rtsp://'),
        (['cameras', 'add', DEAD_URL], 'id: '),
        (['cameras', 'add', DEAD_URL, 'audio=maybe'], 'yes or no'),
        (['cameras', 'add', DEAD_URL, 'pre_roll=5s'], 'whole number'),
        (['cameras', 'add', DEAD_URL, 'pre_roll=121'], '0 to 120'),
        (['cameras', 'add', DEAD_URL, 'max_bytes=lots'], 'must be a size'),
        (['cameras', 'edit', 'off', 'max_bytes=1MB'], '10 MB'),
        (['cameras', 'add', DEAD_URL, 'schedule=mon 00:00-24:00 off'], 'tue 00:00'),
        (['cameras', 'add', DEAD_URL, 'colour=red'], 'sub_url'),
        (['cameras', 'add', DEAD_URL, 'name'], 'SETTING=VALUE'),
        (['cameras', 'add', DEAD_URL, 'id=Not A Slug'], 'id: '),
        (['cameras', 'edit', 'off'], 'SETTING=VALUE'),
        (['cameras', 'edit', 'off', 'id=on'], 'id: '),
        (['cameras', 'edit', 'off', 'password=hunter2'], '--ask-password'),
        (['cameras', 'edit', 'off', b'name=\xff'], 'UTF-8'),
        (['gaps', 'off', '--start=tomorrow'], 'tomorrow'),
        (['gaps', 'off', '--start=1h', '--end=2h'], '--end'),
        (['coverage', 'off', '--start=yesterday'], 'yesterday'),
        (['snapshot', 'off', '--height=5'], 'height: '),
        (['snapshot', 'off', '--height=-5'], 'height: '),
        (['viewers', 'disconnect', 'one'], 'one'),
        (['clock', 'correct', 'one'], 'one'),
        (['record'], 'record'),
        (['events', 'add'], 'CAMERA'),
        (['events', 'add', 'off', 'title'], 'NAME=VALUE'),
        (['events', 'add', 'off', b'title=\xff'], 'NAME=VALUE'),
        (['events', 'add', 'off', 'colour=red'], 'colour: '),
        (['events', 'add', 'off', 'kind=alien'], 'kind: '),
        (['events', 'add', 'off', 'score=high'], 'score: '),
        (['events', 'add', 'off', 'score=2'], 'score: '),
        (['events', 'add', 'off', 'duration=long'], 'duration: '),
        (['events', 'add', 'off', 'start=tomorrow'], 'tomorrow'),
        (['events', 'add', 'off', 'start=2h', 'duration=1s'], 'start: '),
        (['events', 'add', 'off', 'metadata=[1]'], 'metadata: '),
        (['events', 'add', 'off', 'metadata={'], 'metadata: '),
        (['events', 'add', 'nobody'], 'camera: '),
        (['events', 'end', 'x'], 'id: '),
        (['events', '--kind=alien'], 'kind: '),
        (['record', 'start', 'off', '2h'], '1h'),
        (['bookmark', 'off', 'a\nb'], 'title: '),
        (['locks', 'add', 'front-door', 'x'], '--start'),
        (['locks', 'add', 'front-door', '', '--start=1h'], 'reason: '),
        (['locks', 'add', 'front-door', 'x', '--start=1h', '--end=2h'], 'end: '),
        (['locks', 'add', 'front-door', 'x', '--start=1h', '--expires=soon'], 'soon'),
        (['locks', 'edit', '7' + 'f' * 15], 'NAME=VALUE'),
        (['locks', 'edit', '7' + 'f' * 15, 'reason'], 'NAME=VALUE'),
        (['locks', 'edit', '7' + 'f' * 15, 'expires=soon'], 'soon'),
        (['segments', 'delete'], 'SEGMENT'),
        (['segments', 'delete', '7' + 'f' * 15], '--yes'),
        (['segments', 'delete', '--yes', 'x'], 'id: '),
        (['cameras', 'remove', 'off', '--delete-recordings'], '--yes'),
        (['--nonsense'], 'nonsense'),
        (['status', '--nonsense'], 'nonsense'),
    ],
)
def test_mistakes(ctl, world, arguments, said):
    before = [c['id'] for c in world.daemon.list_all('/api/v1/cameras')]
    complaint = ctl.run(*arguments, status=USAGE)
    assert said in complaint
    assert [c['id'] for c in world.daemon.list_all('/api/v1/cameras')] == before


def test_no_arguments(ctl):
    found = subprocess.run([POTOOCTL], env=ctl.env, capture_output=True, text=True, check=False)
    assert found.returncode == USAGE and 'Commands:' in found.stderr and not found.stdout


@pytest.mark.parametrize('camera', ['nobody', '../off', 'Not A Slug', ''])
@pytest.mark.parametrize(
    'command',
    [['cameras', 'show'], ['cameras', 'remove'], ['gaps'], ['coverage'], ['snapshot'], ['watch'], ['events'], ['locks'], ['record', 'start'], ['record', 'stop']],
)
def test_unknown_camera(ctl, command, camera):
    assert f'There is no camera “{camera}”' in ctl.run(*command, camera, status=NO_INPUT)


def test_exit_statuses(ctl):
    ctl.run('cameras', 'add', DEAD_URL, 'id=off', status=EXISTS)
    ctl.run('viewers', 'disconnect', '999999', status=NO_INPUT)
    ctl.run('cameras', 'edit', 'off', 'name=' + 'x' * 70_000, status=DATA)
    ctl.run('snapshot', '2nd-cam', status=UNAVAILABLE)
    ctl.run('record', 'start', 'off', status=UNAVAILABLE)
    ctl.run('events', 'remove', '7' + 'f' * 15, status=NO_INPUT)
    ctl.run('locks', 'remove', '7' + 'f' * 15, status=NO_INPUT)
    ctl.run('locks', 'edit', '7' + 'f' * 15, 'reason=x', status=NO_INPUT)
    ctl.run('segments', 'delete', '--yes', '7' + 'f' * 15, status=NO_INPUT)
    ctl.run('locks', 'add', 'front-door', 'x', '--start=9h', '--end=8h', status=NO_INPUT)


def test_no_daemon(workshop):
    """Without a bus, without a daemon on it, and on the bus that it is not on."""
    bus = workshop.bus()
    for ctl in (Ctl(None), Ctl(bus)):
        for arguments in (['status'], ['--user', 'cameras'], ['watch'], ['--system', 'gaps', 'x']):
            complaint = ctl.run(*arguments, status=UNAVAILABLE)
            assert 'Potoo is not running' in complaint
    assert 'systemctl status potoo' in Ctl(bus).run('status', '--system', status=UNAVAILABLE)


def test_chooses_the_bus(workshop):
    bus = workshop.bus(kind='system')
    workshop.daemon(env=bus.env, arguments=['--system'])
    ctl = Ctl(bus)
    ctl.env['DBUS_SESSION_BUS_ADDRESS'] = workshop.bus().address
    wait_until(lambda: ctl.start('status').wait() == 0, 10, 'Potoo on the system bus')
    assert ctl.run('status') and ctl.run('--system', 'status')
    assert '--system' in ctl.run('--user', 'status', status=UNAVAILABLE)


# --- in pipes ---


def wait_for_list(show):
    """What @show() gives while 2nd-cam waits between two tries."""
    return wait_until(lambda: 'backing-off' in (text := show()) and text, 30, '2nd-cam to wait')


def test_list(ctl):
    lines = wait_for_list(lambda: ctl.run('cameras')).splitlines()
    assert lines[0].split() == ['CAMERA', 'NAME', 'STATE', 'REC', 'FPS', 'BITRATE', 'REASON']
    assert [line.split()[0] for line in lines[1:]] == ['2nd-cam', 'front-door', 'off']
    assert 'Cannot connect to 127.0.0.1:1' in lines[1]
    columns = [width_of(line[: re.search(r'backing-off|streaming|disabled', line).start()]) for line in lines[1:]]
    assert len(set(columns)) == 1, 'wide characters have two columns'
    assert ctl.run('cameras', 'list').splitlines()[0] == lines[0]


def test_json_is_that_of_rest(ctl, world):
    for shown in ctl.json('cameras'):
        camera = world.daemon.camera(shown['id'])
        state = camera.pop('status')
        status = shown.pop('status')
        assert shown == camera
        for name in ('state', 'reason', 'video_codec', 'audio_codec', 'width', 'height'):
            assert status[name] == state[name]
        assert parse_time(status['since']) == parse_time(state['since'])
    assert ctl.json('cameras', 'show', 'off')['id'] == 'off'
    (storage,) = ctl.json('status')['storage']
    assert storage['path'] == str(world.daemon.recordings_dir)


def test_show(ctl):
    shown = dict(line.split('  ', 1) for line in ctl.run('cameras', 'show', 'front-door').splitlines())
    shown = {key: value.strip() for key, value in shown.items()}
    assert (shown['id'], shown['name'], shown['state']) == ('front-door', 'Front Door', 'streaming')
    assert shown['video'].endswith('320 × 240')
    assert shown['re-stream'].startswith('rtsp://')


def test_status(ctl, world):
    text = ctl.run('status')
    assert text.startswith('Potoo 0.')
    assert world.daemon.url in text
    assert 'Cameras: 1 of 2 stream, 1 disabled' in text
    assert '2nd-cam' in text and 'front-door' not in text  # which is well
    memory = ctl.json('status')['memory']
    assert set(memory) == set(world.daemon.get('/api/v1/system')['memory'])
    assert re.search(r'^Memory: [\d.]+\sMB of [\d.]+\s[MG]B$', text, re.M)
    assert str(world.daemon.recordings_dir) in text


def test_storage(ctl, world):
    text = ctl.run('storage')
    assert 'main' in text and 'front-door' in text
    told, shown = ctl.json('storage'), world.daemon.get('/api/v1/storage')
    for kind in ('roots', 'cameras'):
        assert [set(row) for row in told[kind]] == [set(row) for row in shown[kind]]
    assert [row['oldest'] for row in told['cameras']] == [row['oldest'] for row in shown['cameras']]
    assert all(row['event_days_kept'] is None for row in told['cameras'])


def test_settings(ctl):
    text = ctl.run('cameras', 'settings')
    assert [line.split()[0] for line in text.splitlines()[1:4]] == ['id', 'name', 'url']
    assert {row['name']: row.get('default') for row in ctl.json('cameras', 'settings')}['record'] == 'continuous'
    assert '0–120' in text and '20GiB' in text


def test_numbers(ctl, world):
    """Integers and sizes are set as people write them, read as numbers, and taken away."""
    schedule = 'mon-sun 00:00-24:00 event'
    ctl.run('cameras', 'edit', 'off', 'pre_roll=30', 'max_bytes=20GiB', f'schedule={schedule}')
    shown = world.daemon.camera('off')
    assert (shown['pre_roll'], shown['max_bytes'], shown['schedule']) == (30, 20 << 30, schedule)
    assert ctl.json('cameras', 'show', 'off')['pre_roll'] == 30
    assert str(20 << 30) in ctl.run('cameras', 'show', 'off')
    ctl.run('cameras', 'edit', 'off', 'pre_roll=', 'max_bytes=', 'schedule=')
    shown = world.daemon.camera('off')
    assert (shown['pre_roll'], shown['max_bytes'], shown['schedule']) == (5, 0, None)


def test_segments_and_gaps(ctl, world):
    """As in REST, of the last day; a window takes what people type."""
    found = ctl.json('segments', 'front-door')
    shown = world.daemon.segments('front-door')
    assert [s['id'] for s in found] == [s['id'] for s in shown]
    assert found[0]['start'] == shown[0]['start'] and set(shown[0]) - set(found[0]) == {'camera', 'media'}
    gaps = ctl.json('gaps', 'front-door', '--start=1h')
    assert [g['id'] for g in gaps] == [g['id'] for g in world.daemon.gaps('front-door')]
    assert ctl.json('gaps', 'front-door', '-s', '2h', '-e', '1h') == []
    assert ctl.json('segments', 'off') == []
    assert ctl.run('segments', 'off') == ''
    line = ctl.run('segments', 'front-door').splitlines()[1]
    assert re.match(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ', line) and found[0]['id'] in line
    assert 'disconnected' in ctl.run('gaps', 'front-door')
    today = time.strftime('%Y-%m-%d', time.gmtime())
    assert ctl.json('segments', 'front-door', f'--start={today} 00:00') != []
    days = ctl.json('coverage', 'front-door')
    assert [set(day) for day in days] == [set(world.daemon.get('/api/v1/cameras/front-door/coverage')['items'][0])] * 7
    assert days[0]['coverage'] is None and 0 < days[-1]['coverage'] <= 1
    assert re.search(rf'{days[-1]["date"]} +[\d.]+ %', ctl.run('coverage', 'front-door'))
    narrow = ctl.terminal('coverage', 'front-door', columns=40)
    assert 'CAUSES' in narrow.text and max(map(len, narrow.text.splitlines())) <= 40
    assert '31 days' in ctl.run('coverage', 'front-door', '--start=90d', status=USAGE)


def test_events(ctl, world):
    """As in REST; what changes one prints its id, or all of it."""
    first = ctl.run('events', 'add', 'front-door', 'kind=motion', 'score=0.5', 'metadata={"a":1}').strip()
    shown = world.daemon.get(f'/api/v1/events/{first}')
    assert ctl.json('events', 'front-door', '--kind=motion') == [shown]
    edited = ctl.json('events', 'edit', first, 'title=Fox in the henhouse', 'score=', 'metadata={"b":2}')
    assert edited == world.daemon.get(f'/api/v1/events/{first}')
    assert edited['metadata'] == {'a': 1, 'b': 2} and edited['score'] is None and edited['end'] is None
    assert 'goes on' in ctl.run('events')
    assert ctl.run('events', 'end', first).strip() == first
    assert 'has ended' in ctl.run('events', 'end', first, status=UNAVAILABLE)
    mark = ctl.json('bookmark', 'front-door', 'Here', '--start=1s')
    assert mark['kind'] == 'bookmark' and mark['title'] == 'Here' and mark['end'] == mark['start']
    page = ctl.terminal('events', columns=60)
    assert first in page.text and 'henhouse' in page.text
    ctl.run('events', 'remove', mark['id'])
    assert [row['id'] for row in ctl.json('events', 'list', 'front-door', '-s', '1h')] == [first]
    assert ctl.json('events', 'off') == []


def test_record(ctl, world):
    event = ctl.run('record', 'start', 'front-door', '5min').strip()
    assert ctl.run('record', 'start', 'front-door').strip() == event
    assert world.daemon.get(f'/api/v1/events/{event}')['end'] is None
    ctl.run('record', 'stop', 'front-door')
    assert world.daemon.get(f'/api/v1/events/{event}')['end']
    assert 'was not being recorded' in ctl.terminal('record', 'stop', 'front-door').text
    assert ctl.run('record', 'stop', 'front-door') == ''


def test_locks(ctl, world):
    lock = ctl.run('locks', 'add', 'front-door', 'Police 東京', '--start=1h', '--expires=30d').strip()
    shown = world.daemon.get(f'/api/v1/locks/{lock}')
    assert ctl.json('locks', 'front-door') == [shown]
    assert parse_time(shown['expires']) - parse_time(shown['created']) == pytest.approx(30 * 86400e6, abs=60e6)
    page = ctl.terminal('locks', columns=60)
    assert lock in page.text and '東京' in page.text
    assert ctl.json('locks', 'list', 'off') == []
    edited = ctl.json('locks', 'edit', lock, 'reason=Proof', 'expires=', 'end=1s')
    assert edited == world.daemon.get(f'/api/v1/locks/{lock}')
    assert (edited['reason'], edited['expires'], edited['start']) == ('Proof', None, shown['start'])
    assert ctl.run('locks', 'edit', lock, 'expires=1h').strip() == lock
    ctl.run('locks', 'remove', lock)
    assert ctl.json('locks') == []


def test_more_than_a_page(workshop):
    """Pages are put together: the daemon gives at most 1000 rows at a time."""
    bus = workshop.bus()
    daemon = workshop.daemon(env=bus.env)
    ctl = Ctl(bus)
    daemon.add_camera(id='many', url=DEAD_URL, enabled=False)
    daemon.stop()
    now = int(time.time() * 1e6)
    rows = ''.join(
        f"INSERT INTO gaps (id, camera, stream, start_us, end_us, cause) VALUES "
        f"({n + 1}, 'many', {stream_value(daemon)}, {now - 4_000_000_000 + n * 1_000_000}, "
        f"{now - 4_000_000_000 + n * 1_000_000 + 500_000}, 'stalled');"
        for n in range(2500)
    )
    run_sql(daemon, rows)
    daemon.start()
    wait_until(lambda: ctl.start('status').wait() == 0, 10, 'the bus')
    found = ctl.json('gaps', 'many')
    assert [int(gap['id'], 16) for gap in found] == list(range(1, 2501))


def stream_value(daemon):
    """How the catalog stores `main`: by name or by number."""
    kinds = {row['name']: row['type'] for row in daemon.query('PRAGMA table_info(gaps)')}
    return '0' if kinds['stream'].upper().startswith('INT') else "'main'"


def run_sql(daemon, text):
    import sqlite3

    with sqlite3.connect(daemon.state_dir / 'catalog.db') as link:
        link.executescript(f'BEGIN;{text}COMMIT;')


def test_snapshot(ctl, tmp_path):
    assert ctl.run('snapshot', 'front-door', text=False, input=b'')[:2] == b'\xff\xd8'
    path = tmp_path / 'a picture.jpg'
    assert ctl.run('snapshot', 'front-door', str(path), '--height=120') == ''
    assert path.read_bytes()[:2] == b'\xff\xd8'
    complaint = ctl.run('snapshot', 'front-door', '/nonexistent/a.jpg', status=NO_INPUT)
    assert '/nonexistent/a.jpg' in complaint


def test_output_that_cannot_be_written(ctl):
    with open('/dev/full', 'wb') as full:
        for arguments in (['cameras'], ['--json', 'cameras'], ['snapshot', 'front-door']):
            found = subprocess.run(
                [POTOOCTL, *arguments], env=ctl.env, stdout=full, stderr=subprocess.PIPE, check=False
            )
            assert found.returncode in (IO_ERROR, NO_SPACE), found
            assert b'standard output' in found.stderr


def test_viewers(ctl, world):
    assert ctl.run('viewers') == '' and ctl.json('viewers') == []
    with RtspClient(f'{world.daemon.rtsp_url}/front-door') as viewer:
        viewer.play()
        viewer.receive(0.5)
        (told,) = ctl.json('viewers')
        assert told['camera'] == 'front-door' and parse_time(told['since'])
        lines = ctl.run('viewers', 'list').splitlines()
        assert lines[1].split()[:2] == [str(told['id']), 'front-door']
        ctl.run('viewers', 'disconnect', str(told['id']))
        wait_until(lambda: ctl.json('viewers') == [], 10, 'the viewer to be gone')


# --- on terminals ---


@pytest.mark.parametrize('columns', [40, 60, 80, 132])
@pytest.mark.parametrize(
    'arguments',
    [
        ['cameras'],
        ['cameras', 'show', 'front-door'],
        ['cameras', 'settings'],
        ['status'],
        ['segments', 'front-door'],
        ['gaps', 'front-door'],
        ['events'],
        ['locks'],
        ['viewers'],
    ],
)
def test_fits_the_terminal(ctl, arguments, columns):
    page = ctl.terminal(*arguments, columns=columns)
    assert page.status == 0
    for line in page.lines:
        if '://' not in line:  # an address of its own line stays whole
            assert width_of(line) <= columns, line
    assert '\033' not in page.text


def test_list_on_sixty_columns(ctl):
    """What a user needs is there: which camera, how it is, and the whole reason."""
    text = wait_for_list(lambda: ctl.terminal('cameras', columns=60).text)
    heading = text.splitlines()[0]
    assert heading.split()[:1] == ['CAMERA'] and 'BITRATE' not in heading
    words = ' '.join(text.split())
    for word in ('2nd-cam', 'backing-off', 'front-door', 'streaming', 'off', 'disabled'):
        assert word in words
    assert '…' not in text


def test_talks_on_a_terminal(ctl, world, tmp_path):
    page = ctl.terminal('cameras', 'add', DEAD_URL, 'id=typed')
    assert page.text == 'typed is added\n'
    assert ctl.terminal('cameras', 'edit', 'typed', 'enabled=off', 'name=').text == 'typed is changed\n'
    assert ctl.terminal('cameras', 'remove', 'typed').text == 'typed is removed; its recordings stay\n'
    assert 'none' in ctl.terminal('gaps', 'off').text
    assert world.daemon.api('GET', '/api/v1/cameras/typed')[0] == 404


def test_no_cameras(workshop):
    bus = workshop.bus()
    workshop.daemon(env=bus.env)
    ctl = Ctl(bus)
    wait_until(lambda: ctl.start('status').wait() == 0, 10, 'the bus')
    assert ctl.run('cameras') == '' and ctl.json('cameras') == []
    assert 'potooctl cameras add' in ctl.terminal('cameras').text


# --- passwords ---


def test_password_is_asked_for(ctl, world):
    """Not echoed, and in no place where other users could see it."""
    page = ctl.terminal(
        'cameras', 'add', 'rtsp://me:hunter1@127.0.0.1:1/x', 'id=asked', '-P',
        type_after=('assword', 'hünter2\n'),
    )  # fmt: skip
    assert page.status == 0, page.text
    assert not page.echoes
    assert 'nter2' not in page.text and 'hunter1' not in page.command_line
    assert 'rtsp://me:' in page.command_line
    assert password_of(world, 'asked') == 'hünter2'
    ctl.run('cameras', 'remove', 'asked')


def password_of(world, camera):
    (row,) = world.daemon.query('SELECT * FROM cameras WHERE id = ?', camera)
    (stored,) = [value for value in row.values() if isinstance(value, str) and value.startswith('{')]
    return json.loads(stored)['password']


def test_interrupt_while_asked(ctl):
    page = ctl.terminal('cameras', 'add', DEAD_URL, 'id=asked', '-P', type_after=('assword', 'hun\x03'))
    assert page.status == 1 and 'Interrupted' in page.text
    assert 'asked' not in ctl.run('cameras')


def test_password_from_stdin_and_file(ctl, world, tmp_path):
    ctl.run('cameras', 'add', DEAD_URL, 'id=piped', 'username=me', '--password-file=-', input='from stdin\nrest\n')
    assert password_of(world, 'piped') == 'from stdin'
    path = tmp_path / 'password'
    path.write_text('from file', encoding='utf-8')
    ctl.run('cameras', 'edit', 'piped', f'--password-file={path}')
    assert password_of(world, 'piped') == 'from file'
    ctl.run('cameras', 'edit', 'piped', 'password=')
    assert password_of(world, 'piped') is None
    shown = ctl.run('cameras', 'show', 'piped') + json.dumps(ctl.json('cameras', 'show', 'piped'))
    assert 'from file' not in shown and 'from stdin' not in shown
    ctl.run('cameras', 'edit', 'piped', '--password-file=/nonexistent', status=NO_INPUT)
    complaint = ctl.run('cameras', 'edit', 'piped', '--password-file=-', input='', status=USAGE)
    assert 'ended before a password' in complaint
    ctl.run('cameras', 'remove', 'piped')


def test_no_terminal_to_ask_on(ctl):
    complaint = ctl.run(
        'cameras', 'edit', 'off', '--ask-password', status=UNAVAILABLE, start_new_session=True
    )
    assert '--password-file' in complaint


# --- watching ---


def read_lines(process, wanted, timeout=20):
    """Lines until one has each of @wanted."""
    lines = []
    deadline = time.monotonic() + timeout * SLOWNESS
    os.set_blocking(process.stdout.fileno(), False)
    while not all(any(want in line for line in lines) for want in wanted):
        assert time.monotonic() < deadline, (wanted, lines)
        if select.select([process.stdout], [], [], 0.2)[0]:
            lines += [line.rstrip('\n') for line in iter(process.stdout.readline, '')]
    return lines


def test_watch(workshop, sim):
    bus = workshop.bus()
    cameras = sim({'door': {}})
    daemon = workshop.daemon(env=bus.env)
    ctl = Ctl(bus)
    wait_until(lambda: ctl.start('status').wait() == 0, 10, 'the bus')
    daemon.add_camera(id='other', url=DEAD_URL, enabled=False)
    watch, one, scripted = ctl.start('watch'), ctl.start('watch', 'other'), ctl.start('watch', '--json')
    read_lines(watch, ['other  disabled'])
    read_lines(one, ['other  disabled'])
    daemon.add_camera(id='door', url=cameras.urls['door'])
    read_lines(watch, ['door  connecting', 'door  streaming', 'door  recording', 'gap of', 'is open'])
    ctl.run('events', 'remove', ctl.run('events', 'add', 'door', 'duration=5s', 'title=Fox').strip())
    read_lines(watch, ['door  event: api 5', ': Fox', ' is gone'])
    daemon.patch_camera('door', enabled=False)
    read_lines(watch, ['door  disabled', 'door  settings changed', 'is closed', 'door  not recording'])
    daemon.api('DELETE', '/api/v1/cameras/door')
    read_lines(watch, ['door  removed'])
    daemon.stop()
    read_lines(watch, ['potoo  went away'])
    daemon.start()
    read_lines(watch, ['potoo  is back', 'other  disabled'], 30)

    lines = read_lines(one, ['is back'], 30)
    assert not any('door' in line for line in lines)
    events = [json.loads(line) for line in read_lines(scripted, ['"back"'], 30)]
    kinds = {event['event'] for event in events}
    assert kinds == {'camera', 'changed', 'removed', 'segment', 'gap', 'event', 'event-removed', 'away', 'back'}
    assert all(parse_time(event['time']) for event in events)
    assert [e['segment']['state'] for e in events if e['event'] == 'segment'] == ['open', 'closed']

    for process in (watch, one):
        process.send_signal(signal.SIGINT)
        assert process.wait(10 * SLOWNESS) == 0
    bus.stop()
    assert scripted.wait(10 * SLOWNESS) == UNAVAILABLE


def test_watch_sleeps(ctl, world):
    """It asks for nothing: no work while nothing changes but measurements."""
    watch = ctl.start('watch', 'off')
    read_lines(watch, ['off  disabled'])
    before = read_switches(watch.pid)
    calls = world.daemon.metrics()['potoo_dbus_calls_total']
    time.sleep(4)
    assert read_switches(watch.pid) - before < 40
    assert world.daemon.metrics()['potoo_dbus_calls_total'] == calls
    watch.send_signal(signal.SIGTERM)
    assert watch.wait(10 * SLOWNESS) == 0


def read_switches(pid):
    """Voluntary context switches of all threads: how often something woke it."""
    total = 0
    for status in Path(f'/proc/{pid}/task').glob('*/status'):
        total += int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', status.read_text(), re.M)[1])
    return total


def test_watch_into_a_pipe_that_closes(ctl, world):
    watch = ctl.start('watch')
    read_lines(watch, ['front-door'])
    watch.stdout.close()
    ctl.run('cameras', 'edit', 'off', 'name=Changed')
    wait_until(lambda: watch.poll() is not None, 10, 'the end')
    assert watch.returncode == -signal.SIGPIPE


# --- completion ---


def complete(ctl, line):
    """What bash offers for the last word of @line."""
    script = f"""
        potooctl() {{ {POTOOCTL} "$@"; }}
        . {TOP}/data/potooctl.bash
        read -ra COMP_WORDS <<< "$1"
        [[ $1 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _potooctl
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    found = subprocess.run(
        ['bash', '-c', script, 'bash', line], env=ctl.env, capture_output=True, text=True, check=True
    )
    assert not found.stderr, found.stderr
    return found.stdout.split()


def test_completion(ctl):
    offered = set(complete(ctl, 'potooctl '))
    commands = list_commands(ctl)
    assert {command.split()[0] for command in commands} <= offered
    for command in ('cameras', 'events', 'locks', 'record', 'segments', 'viewers'):
        second = set(complete(ctl, f'potooctl {command} '))
        assert {c.split()[1] for c in commands if c.startswith(f'{command} ')} <= second
    assert complete(ctl, 'potooctl cameras edit fr') == ['front-door']
    assert complete(ctl, 'potooctl --json gaps f') == ['front-door']
    assert complete(ctl, 'potooctl cameras edit front-door tls') == ['tls_verify=']
    assert complete(ctl, 'potooctl snapshot front-door --h') == ['--help', '--height=']


# --- the documentation ---


def test_documented_commands_exist(ctl):
    text = (TOP / 'docs' / 'dbus.md').read_text(encoding='utf-8') + (TOP / 'README.md').read_text(encoding='utf-8')
    commands = {' '.join(words) for words in (c.split() for c in list_commands(ctl))} | {'cameras', 'events', 'locks', 'segments', 'viewers'}
    for line in re.findall(r'^ {4}potooctl (.*)$', text, re.M):
        words = re.sub(r'\s+#.*', '', line).split()
        assert words[0] in commands or ' '.join(words[:2]) in commands, line


def test_deletes_recordings(workshop, sim):
    """Asked on a terminal, with --yes elsewhere; what is written or locked stays."""
    bus = workshop.bus()
    daemon = workshop.daemon(env=bus.env, config={'storage': {'segment-duration': '1h'}})
    ctl = Ctl(bus)
    urls = sim({'door': {'codec': 'h264'}}).urls
    wait_until(lambda: ctl.start('status').wait() == 0, 10, 'the bus')
    ctl.run('cameras', 'add', urls['door'], 'id=door')
    opened = wait_until(lambda: daemon.segments('door'), 20, 'a segment')[-1]
    assert 'is being recorded' in ctl.run('segments', 'delete', '-y', opened['id'], status=UNAVAILABLE)
    segments = daemon.disable_camera('door')
    segment = segments[-1]
    path = daemon.segment_path(segment)
    lock = ctl.run('locks', 'add', 'door', 'x', '--start=1h').strip()
    assert 'is locked' in ctl.run('segments', 'delete', '-y', segment['id'], status=UNAVAILABLE)
    ctl.run('locks', 'remove', lock)
    asked = ('for good?', 'no\n')
    refused = ctl.terminal('segments', 'delete', segment['id'], type_after=asked)
    assert refused.status == 1 and 'Nothing was deleted' in refused.text
    assert 'Nothing was deleted' in ctl.terminal('cameras', 'remove', 'door', '--delete-recordings', type_after=asked).text
    assert daemon.segments('door') == segments
    watch = ctl.start('--json', 'watch')
    read_lines(watch, ['"camera"'])
    answered = ('Delete 1 recorded file for good?', 'y\n')
    assert ctl.terminal('segments', 'delete', segment['id'], type_after=answered).status == 0
    (line,) = [line for line in read_lines(watch, ['segment-removed']) if 'segment-removed' in line]
    assert json.loads(line)['values'] == {'id': segment['id']}
    watch.terminate()
    watch.wait()
    assert daemon.segments('door') == segments[:-1] and not path.exists()
    daemon.patch_camera('door', enabled=True)
    wait_until(lambda: len(daemon.segments('door')) >= len(segments), 20, 'a segment')
    assert 'nobody' in ctl.run('cameras', 'remove', 'door', 'nobody', '--delete-recordings', '-y', status=NO_INPUT)
    assert ctl.json('cameras', 'show', 'door')['enabled']
    answered = ('recordings of door for good?', 'Yes\n')
    said = ctl.terminal('cameras', 'remove', 'door', '--delete-recordings', columns=200, type_after=answered)
    assert said.text.endswith('door is removed; its recordings are being deleted\n')
    wait_until(lambda: daemon.query('SELECT id FROM segments') == [], 30, 'the recordings to go')


def test_adopts_recordings(ctl, world):
    """Last: it takes the camera away that the others look at."""
    ctl.run('cameras', 'remove', 'front-door')
    url = world.sim.urls['door']
    assert 'adopt' in ctl.run('cameras', 'add', url, 'id=front-door', status=EXISTS)
    ctl.run('cameras', 'edit', 'off', '--adopt', 'enabled=no', status=USAGE)
    segments = world.daemon.segments('front-door')
    assert ctl.run('cameras', 'add', '--adopt', url, 'id=front-door') == 'front-door is added\n'
    wait_until(lambda: len(world.daemon.segments('front-door')) > len(segments), 20, 'another segment')
