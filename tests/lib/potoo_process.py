# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs under test: where they are, how they are started, waited for and ended."""

import ctypes
import os
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def find_build():
    """POTOO_BUILD_DIR is a meson build directory, or the folder that scripts/test makes them in."""
    build = Path(os.environ.get('POTOO_BUILD_DIR', TOP / 'build')).resolve()
    return build if (build / 'build.ninja').exists() else build / 'test'


BUILD = find_build()
POTOO = BUILD / 'src' / 'potoo'
POTOOCTL = BUILD / 'src' / 'ctl' / 'potooctl'
CAMERA_SIM = BUILD / 'src' / 'sim' / 'potoo-camera-sim'
# Encoded once, shared by all tests and build directories.
SIM_CACHE = TOP / 'build' / 'sim-cache'


def is_sanitized(program):
    return program.exists() and b'__asan_init' in program.read_bytes()


def is_slow():
    """Sanitizers and wrappers make everything slower: time limits are stretched."""
    return 'POTOO_WRAPPER' in os.environ or is_sanitized(POTOO)


SLOWNESS = 4 if is_slow() else 1


def wait_until(condition, timeout, what='the condition', interval=0.1):
    """Waits for @condition() to be true and returns what it gave."""
    deadline = time.monotonic() + timeout * SLOWNESS
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f'{what}: not within {timeout * SLOWNESS} s, last was {result!r}')
        time.sleep(interval)


def count_open_files(pid):
    """Without those of the catalog: SQLite keeps the file of a connection that is closed for the next one,
    so their number is that of the connections that were once open at the same time."""
    count = 0
    for fd in Path(f'/proc/{pid}/fd').iterdir():
        with suppress(FileNotFoundError):
            count += '/catalog.db' not in os.readlink(fd)
    return count


def read_process(pid):
    """Resident memory in bytes, threads, open files."""
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        lines = dict(line.split(':', 1) for line in status)
    return int(lines['VmRSS'].split()[0]) * 1024, int(lines['Threads']), count_open_files(pid)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A child that is gone when the test is, with its standard error in a log file."""

    def __init__(self, command, log, env=None, wrapper='', stdin=subprocess.DEVNULL, stdout=None):
        self.log = Path(log)
        self.command = shlex.split(wrapper) + [str(word) for word in command]
        environment = {
            **os.environ,
            'G_DEBUG': 'fatal-criticals',
            'LC_ALL': 'C.UTF-8',
            'LANGUAGE': '',
            'DBUS_SESSION_BUS_ADDRESS': 'disabled:',  # not that of who runs the tests
            **(env or {}),
        }
        with self.log.open('ab') as stderr:
            self.child = subprocess.Popen(
                self.command,
                stdin=stdin,
                stdout=stdout if stdout is not None else stderr,
                stderr=stderr,
                env=environment,
                preexec_fn=die_with_parent,
            )

    @property
    def pid(self):
        return self.child.pid

    @property
    def is_running(self):
        return self.child.poll() is None

    @property
    def returncode(self):
        return self.child.poll()

    def wait(self, timeout):
        return self.child.wait(timeout * SLOWNESS)

    def stop(self, sig=signal.SIGTERM, timeout=10):
        """Sends @sig and returns the exit status; killed and None when that takes too long."""
        if self.is_running:
            self.child.send_signal(sig)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        if self.is_running:
            self.child.kill()
        return self.child.wait()

    def read_log(self):
        return self.log.read_text(encoding='utf-8', errors='replace') if self.log.exists() else ''
