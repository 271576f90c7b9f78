# SPDX-License-Identifier: GPL-3.0-or-later
"""potoo --demo: simulated cameras in a child process, which come, stay away from real ones, and go."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from potoo_daemon import Daemon
from potoo_process import POTOO, SIM_CACHE, SLOWNESS, Process, wait_until

EX_USAGE, EX_UNAVAILABLE, EX_CANTCREAT, EX_CONFIG = 64, 69, 73, 78
FIRST, SECOND = 'front-door', 'driveway'
ENCODING_S = 120  # when the test cache is empty


class Demo(Daemon):
    """A daemon that is started with --demo; its cameras' pictures come from the tests' cache."""

    def __init__(self, directory, count=1, program=POTOO):
        self.count = count
        self.program = program
        super().__init__(directory, start=False)
        SIM_CACHE.mkdir(parents=True, exist_ok=True)
        (self.state_dir / 'simulator').symlink_to(SIM_CACHE)

    def start(self, timeout=20):
        self.process = Process(
            [
                self.program,
                f'--demo={self.count}',
                f'--config={self.config_path}',
                f'--state-dir={self.state_dir}',
            ],
            self.log,
            env={'G_SLICE': 'always-malloc', 'POTOO_TEST_CPU_WAIT': '/dev/null'},
        )
        wait_until(self.is_ready, timeout, 'potoo to be ready', interval=0.05)
        return self

    def wait_streaming(self, camera, timeout=ENCODING_S):
        def look():
            status, _, found = self.api('GET', f'/api/v1/cameras/{camera}')
            return found if status == 200 and found['status']['state'] == 'streaming' else None

        return wait_until(look, timeout, f'{camera} to be there and stream')

    def simulator(self):
        """The process id of the child, None when there is none."""
        children = f'/proc/{self.pid}/task/{self.pid}/children'
        with open(children, encoding='ascii') as file:
            return next((int(pid) for pid in file.read().split()), None)

    def starts(self):
        return self.metrics()['potoo_demo_simulator_starts_total']


@pytest.fixture
def demo(workshop):
    """Factory: demo(count=2)."""

    def make(**arguments):
        made = Demo(workshop.directory / f'demo-{len(workshop.made)}', **arguments)
        workshop.made.append(made)
        return made.start()

    return make


@pytest.fixture
def lonely(tmp_path):
    """potoo in a directory of its own, without the simulator; or with what the test puts there."""
    directory = tmp_path / 'bin'
    directory.mkdir()
    return shutil.copy(POTOO, directory)


def put_simulator(program, script):
    """A stand-in for the simulator that @program then finds."""
    path = os.path.join(os.path.dirname(program), 'potoo-camera-sim')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'#!/bin/sh\n{script}\n')
    os.chmod(path, 0o755)


def run_potoo(*arguments, program=POTOO, env=None):
    return subprocess.run(
        [str(word) for word in (program, *arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=20 * SLOWNESS,
        env={**os.environ, 'LC_ALL': 'C.UTF-8', 'G_DEBUG': 'fatal-criticals', **(env or {})},
    )


def is_gone(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            return file.read().rsplit(')', 1)[1].split()[0] == 'Z'
    except OSError:
        return True


def wait_gone(pid):
    wait_until(lambda: is_gone(pid), 5, 'the simulator to be gone')


def test_cameras_come_and_are_recorded(demo):
    potoo = demo(count=2)
    for camera in (FIRST, SECOND):
        found = potoo.wait_streaming(camera)
        assert re.fullmatch(rf'rtsp://127\.0\.0\.1:\d+/{camera}/main', found['url'])
        wait_until(lambda: potoo.segments(camera), 20, 'a segment')
    assert potoo.camera(FIRST)['status']['height'] == 1080
    assert len(potoo.list_all('/api/v1/cameras')) == 2
    assert stat.S_IMODE(os.stat(potoo.state_dir).st_mode) == 0o700
    text = potoo.read_log()
    assert potoo.url in text and str(potoo.state_dir) in text and 'no login' in text
    assert 'Potoo records 2 simulated cameras' in text


def test_next_start_finds_them_again(demo):
    """The address is new; what was changed by hand stays; who is not wanted any more is disabled."""
    potoo = demo(count=2)
    potoo.wait_streaming(SECOND)
    before = potoo.camera(FIRST)['url']
    potoo.patch_camera(FIRST, name='My door', record='off')
    assert potoo.stop() == 0
    potoo.count = 1
    potoo.start()
    potoo.wait_state(SECOND, 'disabled')
    found = potoo.wait_state(FIRST, 'streaming')
    assert found['url'] != before
    assert (found['name'], found['record']) == ('My door', 'off')
    assert potoo.stop() == 0
    potoo.count = 2
    potoo.start()
    potoo.wait_state(SECOND, 'streaming')
    assert len(potoo.list_all('/api/v1/cameras')) == 2


def test_a_removed_camera_and_one_that_became_real_are_left_alone(demo):
    potoo = demo(count=2)
    potoo.wait_streaming(SECOND)
    wait_until(lambda: potoo.segments(SECOND), 20, 'a segment')
    real = 'rtsp://127.0.0.1:1/real'
    potoo.patch_camera(FIRST, url=real)
    assert potoo.api('DELETE', f'/api/v1/cameras/{SECOND}')[0] == 204
    assert potoo.stop() == 0
    potoo.start()
    wait_until(lambda: 'left alone' in potoo.read_log(), 20, 'the first camera')
    wait_until(lambda: 'simulated camera is not there' in potoo.read_log(), 20, 'the second camera')
    assert [camera['id'] for camera in potoo.list_all('/api/v1/cameras')] == [FIRST]
    assert potoo.camera(FIRST)['url'] == real


def test_simulator_dies_and_is_started_again(demo):
    potoo = demo()
    potoo.wait_streaming(FIRST)
    os.kill(potoo.simulator(), signal.SIGKILL)
    gone = potoo.wait_state(FIRST, ('connecting', 'backing-off'))
    assert gone['status']['reason']
    potoo.wait_state(FIRST, 'streaming')
    assert potoo.starts() == 2
    assert re.search(r'simulated cameras are gone: .*signal 9 .* in 1 s', potoo.read_log())


def test_simulator_that_never_works(demo, lonely):
    """The waits grow, and the daemon goes on."""
    put_simulator(lonely, 'exit 3')
    potoo = demo(program=lonely)
    wait_until(lambda: 'status 3; it is started again in 4 s' in potoo.read_log(), 20, 'two tries')
    assert re.findall(r'started again in (\d+) s', potoo.read_log()) == ['1', '2', '4']
    assert potoo.starts() == 3
    assert potoo.api('GET', '/readyz')[0] == 200


@pytest.mark.parametrize(
    'output',
    [
        'echo cameras',
        'echo []',
        "head -c 70000 /dev/zero | tr '\\0' '{'",
        "printf '{}'",
    ],
)
def test_simulator_that_talks_nonsense(demo, lonely, output):
    put_simulator(lonely, f'{output}\nexec sleep 60')
    potoo = demo(program=lonely)
    if output == "printf '{}'":  # no end of line: it may still come
        time.sleep(1)
        assert 'not understood' not in potoo.read_log()
    else:
        wait_until(lambda: 'ready line is not understood' in potoo.read_log(), 10, 'the refusal')
        wait_until(lambda: potoo.starts() == 2, 10, 'the next try')
    child = potoo.simulator()
    assert potoo.stop() == 0
    wait_gone(child)


@pytest.mark.parametrize(
    'ready',
    [
        {},
        {'cameras': 5},
        {'cameras': [5, None, [], {}, {'id': 5, 'main': []}, {'id': FIRST}]},
        {'cameras': [{'id': 'stranger', 'main': 'rtsp://127.0.0.1:1/stranger/main'}]},
        {'cameras': [{'id': FIRST, 'main': 'file:///etc/passwd'}]},
    ],
)
def test_simulator_that_tells_of_strange_cameras(demo, lonely, ready):
    put_simulator(lonely, f"echo '{json.dumps(ready)}'\nexec sleep 60")
    potoo = demo(program=lonely)
    wait_until(lambda: 'are ready' in potoo.read_log() or 'is ready\n' in potoo.read_log(), 10, 'the ready line')
    assert potoo.list_all('/api/v1/cameras') == []
    assert potoo.starts() == 1


def test_no_simulator(lonely, tmp_path):
    result = run_potoo('--demo', '--state-dir', tmp_path / 'state', program=lonely)
    assert result.returncode == EX_UNAVAILABLE
    assert f'{lonely.removesuffix("/potoo")}/potoo-camera-sim' in result.stderr
    assert not (tmp_path / 'state').exists()


def test_state_directory_of_real_cameras_is_refused(daemon):
    daemon.add_camera(id='real', url='rtsp://127.0.0.1:1/real')
    assert daemon.stop() == 0
    before = sorted(path.name for path in daemon.state_dir.iterdir())
    result = run_potoo('--demo', '--state-dir', daemon.state_dir, '--config', daemon.config_path)
    assert result.returncode == EX_CANTCREAT
    assert str(daemon.state_dir) in result.stderr and '--state-dir' in result.stderr
    assert sorted(path.name for path in daemon.state_dir.iterdir()) == before
    assert [row['id'] for row in daemon.query('SELECT id FROM cameras')] == ['real']


def test_bad_options(tmp_path):
    state = tmp_path / 'state'
    for value in ('0', '17', '-1', '4.5', 'four', '', '99999999999999999999'):
        result = run_potoo(f'--demo={value}', '--state-dir', state)
        assert result.returncode == EX_USAGE, value
        assert '1 to 16' in result.stderr
    result = run_potoo('--demo', '--system', '--state-dir', state)
    assert result.returncode == EX_USAGE
    assert '--system' in result.stderr
    assert not state.exists()


def test_the_users_configuration_is_not_the_demos(tmp_path):
    """It may name the disks of real recordings."""
    (tmp_path / 'potoo').mkdir()
    (tmp_path / 'potoo' / 'potoo.conf').write_text('[nonsense]\n')
    places = {'XDG_CONFIG_HOME': str(tmp_path), 'XDG_STATE_HOME': str(tmp_path)}
    assert run_potoo('--check-config', env=places).returncode == EX_CONFIG
    assert run_potoo('--demo', '--check-config', env=places).returncode == 0


def test_simulator_dies_with_us(demo):
    potoo = demo()
    potoo.wait_streaming(FIRST)
    child = potoo.simulator()
    potoo.kill()
    wait_gone(child)


def test_control_c_in_a_terminal(demo):
    """It goes to the process group: the cameras must not see the simulator end before they stop."""
    potoo = demo()
    potoo.wait_streaming(FIRST)
    wait_until(lambda: potoo.segments(FIRST), 20, 'a segment')
    child = potoo.simulator()
    assert os.getpgid(child) == child != os.getpgid(potoo.pid)
    started = time.monotonic()
    assert potoo.stop(signal.SIGINT) == 0
    assert time.monotonic() - started < 3 * SLOWNESS
    assert is_gone(child)
    assert 'Not recorded from now on: shutdown' in potoo.read_log()
    assert 'ended the stream' not in potoo.read_log()
