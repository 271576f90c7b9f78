# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Chromium without a window, driven by the scenarios in tests/browser/scenarios."""

import json
import queue
import shutil
import subprocess
import threading

from potoo_process import BUILD, SLOWNESS, TOP, Process

FOLDER = TOP / 'tests' / 'browser'
SHOTS = BUILD / 'screenshots'


class Browser(Process):
    """One Chromium; each scenario has a profile and a page of its own in it (lib/host.mjs)."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        SHOTS.mkdir(parents=True, exist_ok=True)
        node = shutil.which('node')
        assert node, 'node is missing'
        modules = FOLDER / 'node_modules' / 'playwright-core'
        assert modules.exists(), f'{modules} is missing: `scripts/test browser` fetches it'
        super().__init__(
            [node, FOLDER / 'lib' / 'host.mjs', SHOTS],
            directory / 'browser.log',
            env={'HOME': str(directory), 'TMPDIR': str(directory), 'G_DEBUG': ''},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.heard = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        assert 'ready' in self.hear(60)

    def listen(self):
        for line in self.child.stdout:
            self.heard.put(json.loads(line))
        self.heard.put(None)

    def hear(self, timeout):
        try:
            message = self.heard.get(timeout=timeout * SLOWNESS)
        except queue.Empty:
            self.kill()
            raise AssertionError(f'nothing from the browser within {timeout} s') from None
        assert message is not None, f'the browser ended:\n{self.read_log()[-4000:]}'
        return message

    def say(self, message):
        self.child.stdin.write(json.dumps(message).encode() + b'\n')
        self.child.stdin.flush()

    def run(self, scenario, size='wide', timeout=60, asked=None, **options):
        """What the scenario gives. @asked: functions by name that it may ask for.

        The time limit holds from one question to the next."""
        self.say({'run': scenario, 'size': size, 'options': options})
        while 'ask' in (message := self.hear(timeout)):
            try:
                answer = (asked or {})[message['ask']](*message['arguments'])
                self.say({'answer': answer})
            except Exception as error:
                self.say({'refused': repr(error)})
        __tracebackhide__ = True  # the scenario's own is what one wants to read
        if 'failed' in message:
            raise AssertionError(f'{scenario}, {size}: {message["failed"]}')
        assert not message['complaints'], message['complaints']
        return message['done']

    def close(self):
        """Without input it ends by itself, and Chromium with it."""
        if self.is_running:
            self.child.stdin.close()
            try:
                self.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
