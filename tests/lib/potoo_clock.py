# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall clock of a daemon, set by a test: see base/potoo-clock.h."""

import threading
import time

DAY_S = 86400


class SetClock:
    """Is set by a test, by so many seconds."""

    def __init__(self, path):
        self.path = path
        self.offset_s = 0
        self.set_by(0)

    @property
    def env(self):
        return {'POTOO_TEST_CLOCK': str(self.path)}

    def set_by(self, step_s):
        self.offset_s += step_s
        new = self.path.with_suffix('.new')
        new.write_text(str(round(self.offset_s * 1e6)), encoding='ascii')
        new.replace(self.path)


class StepClock:
    """From start() on, a day in @day_s seconds: each second the clock is set on by that much."""

    def __init__(self, path, start_s, day_s):
        self.path = path
        self.step_s = DAY_S / day_s
        self.offset_s = start_s - time.time()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.write()

    @property
    def env(self):
        return {'POTOO_TEST_CLOCK': str(self.path)}

    @property
    def now_us(self):
        return int((time.time() + self.offset_s) * 1e6)

    def write(self):
        """The new file takes the old one's place at once: nobody reads half of it."""
        new = self.path.with_suffix('.new')
        new.write_text(str(int(self.offset_s * 1e6)), encoding='ascii')
        new.replace(self.path)

    def start(self):
        self.thread.start()

    def run(self):
        due = time.monotonic()
        while True:
            due += 1
            if self.ended.wait(max(0, due - time.monotonic())):
                return
            self.offset_s += self.step_s - 1
            self.write()

    def stop(self):
        self.ended.set()
        self.thread.join()
