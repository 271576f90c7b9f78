# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration and start: what is wrong is named, and nothing is started or changed."""

import os
import re
import signal
import subprocess

import pytest
from potoo_daemon import find_free_port
from potoo_process import POTOO, SLOWNESS, TOP, wait_until

EX_CONFIG = 78
EX_USAGE = 64


# Root is stopped by no mode, unless it gives that up.
NO_OVERRIDE = (
    ('setpriv', '--bounding-set=-dac_override,-dac_read_search') if os.geteuid() == 0 else ()
)


def run_potoo(*arguments, before=(), timeout=20):
    return subprocess.run(
        [str(word) for word in (*before, POTOO, *arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout * SLOWNESS,
        env={**os.environ, 'LC_ALL': 'C.UTF-8', 'G_DEBUG': 'fatal-criticals'},
    )


BAD = {
    # text: (line, word in the message)
    '[server]\nlog-level=loud\n': (2, 'log-level'),
    '[server]\n\nlog-levle=info\n': (3, 'log-levle'),
    '[sever]\n': (1, 'sever'),
    '[server]\nlog-level=info\nlog-level=debug\n': (3, 'log-level'),
    '[server]\n[http]\n[server]\n': (3, 'server'),
    '[storage]\nsegment-duration=9s\n': (2, 'segment-duration'),
    '[storage]\nsegment-duration=2h\n': (2, 'segment-duration'),
    '[storage]\nsegment-duration=5 minutes\n': (2, 'segment-duration'),
    '[storage]\nsync-interval=10ms\n': (2, 'sync-interval'),
    '# comment\n[http]\nlisten=0.0.0.0:8080\n': (3, 'listen'),
    '[http]\nlisten=127.0.0.1:99999\n': (2, 'listen'),
    '[http]\nhttp2=true\n': (2, 'http2'),
    '[storage-root main]\npath=relative/path\n': (2, 'path'),
    '[storage-root main]\npath=/tmp/x\nmin-free=100%\n': (3, 'min-free'),
    '[storage-root main]\npath=/tmp/x\nmax-bytes=1M\n': (3, 'max-bytes'),
    'log-level=info\n': (1, ''),
    '[server\n': (1, ''),
}


@pytest.mark.parametrize('text', BAD, ids=lambda text: repr(text)[1:-1])
def test_bad_file_is_named_with_its_line(tmp_path, text):
    line, word = BAD[text]
    config = tmp_path / 'potoo.conf'
    config.write_text(text)
    state = tmp_path / 'state'
    for mode in ([], ['--check-config']):
        result = run_potoo('--config', config, '--state-dir', state, *mode)
        assert result.returncode == EX_CONFIG, result
        assert f'{config}:{line}: ' in result.stderr
        assert word in result.stderr.split(f'{config}:{line}: ')[1]
        assert not state.exists(), 'something was started'


def test_missing_file(tmp_path):
    result = run_potoo('--config', tmp_path / 'none.conf', '--state-dir', tmp_path / 'state')
    assert result.returncode != 0
    assert str(tmp_path / 'none.conf') in result.stderr
    assert not (tmp_path / 'state').exists()


def test_example_is_valid_and_shows_the_defaults(tmp_path):
    """data/potoo.conf as it is, and with every key uncommented."""
    text = (TOP / 'data' / 'potoo.conf').read_text()
    keys = re.findall(r'^#([a-z-]+=.*|\[.*\])$', text, re.M)
    assert len(keys) >= 7
    for variant in (text, re.sub(r'^#([a-z-]+=|\[)', r'\1', text, flags=re.M)):
        config = tmp_path / 'potoo.conf'
        config.write_text(variant)
        result = run_potoo('--config', config, '--check-config')
        assert result.returncode == 0, result.stderr
        assert str(config) in result.stdout


def test_version_and_bad_options():
    result = run_potoo('--version')
    assert (result.returncode, result.stderr) == (0, '')
    assert re.fullmatch(r'potoo \d+\.\d+\.\d+\n', result.stdout)
    for arguments in (['--nonsense'], ['extra']):
        result = run_potoo(*arguments)
        assert result.returncode == EX_USAGE
        assert arguments[0] in result.stderr
    help_text = run_potoo('--help').stdout
    for option in ('--config', '--state-dir', '--check-config', '--version'):
        assert option in help_text


def test_second_instance_on_the_same_state_directory(daemon):
    config = daemon.directory / 'second.conf'
    config.write_text(f'[http]\nlisten=127.0.0.1:{find_free_port()}\n')
    result = run_potoo('--config', config, '--state-dir', daemon.state_dir)
    assert result.returncode != 0
    assert str(daemon.state_dir) in result.stderr
    assert str(daemon.pid) in result.stderr
    assert daemon.api('GET', '/readyz')[0] == 200


def test_second_instance_on_the_same_storage_root(daemon, tmp_path):
    config = tmp_path / 'second.conf'
    config.write_text(
        f'[http]\nlisten=127.0.0.1:{find_free_port()}\n'
        f'[storage-root main]\npath={daemon.recordings_dir}\n'
    )
    result = run_potoo('--config', config, '--state-dir', tmp_path / 'other-state')
    assert result.returncode != 0
    assert str(daemon.recordings_dir) in result.stderr
    assert daemon.api('GET', '/readyz')[0] == 200


def test_port_in_use(daemon, tmp_path):
    config = tmp_path / 'second.conf'
    config.write_text(f'[http]\nlisten=127.0.0.1:{daemon.port}\n')
    result = run_potoo('--config', config, '--state-dir', tmp_path / 'other-state')
    assert result.returncode != 0
    assert str(daemon.port) in result.stderr


def test_directories_that_cannot_be_written(tmp_path):
    locked = tmp_path / 'locked'
    locked.mkdir()
    locked.chmod(0o555)
    config = tmp_path / 'potoo.conf'
    listen = f'[http]\nlisten=127.0.0.1:{find_free_port()}\n'
    for text, state in (
        (listen, locked),
        (listen, locked / 'new'),
    ):
        config.write_text(text)
        result = run_potoo('--config', config, '--state-dir', state, before=NO_OVERRIDE)
        assert result.returncode not in (0, EX_CONFIG)
        assert str(locked) in result.stderr and 'ermission denied' in result.stderr
    assert list(locked.iterdir()) == []


def test_storage_root_that_cannot_be_written(make_daemon, tmp_path, monkeypatch):
    """May be a disk that is mounted read-only: the rest goes on, and the state tells."""
    locked = tmp_path / 'locked'
    locked.mkdir()
    locked.chmod(0o555)
    wrapper = f'{os.environ.get("POTOO_WRAPPER", "")} {" ".join(NO_OVERRIDE)}'
    monkeypatch.setenv('POTOO_WRAPPER', wrapper)
    daemon = make_daemon(config={'storage-root main': {'path': locked}})
    root = daemon.get('/api/v1/storage')['roots'][0]
    assert root['state'] == 'read-only'
    assert str(locked) in root['reason'] and 'ermission denied' in root['reason']
    assert root['reason'] in daemon.read_log()
    assert list(locked.iterdir()) == []


def test_reload(daemon):
    """A bad file changes nothing and says so; a good one is taken over without a restart."""

    def reload(text, expected):
        before = len(daemon.read_log())
        daemon.config_path.write_text(text)
        daemon.process.child.send_signal(signal.SIGHUP)
        wait_until(
            lambda: expected in daemon.read_log()[before:], 10, f'the log to say {expected!r}'
        )
        assert daemon.api('GET', '/readyz')[0] == 200

    good = daemon.config_path.read_text()
    reload('[server]\nlog-level=loud\n', f'{daemon.config_path}:2: ')
    assert daemon.is_running
    reload(good, 'onfiguration read')
    reload(good.replace('segment-duration=10s', 'segment-duration=20s'), 'segment-duration')
