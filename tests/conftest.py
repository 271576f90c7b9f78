# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of all tests that drive real programs; what they hand out is in tests/lib.

POTOO_BUILD_DIR  the build directory whose programs are tested
POTOO_WRAPPER    a command that potoo is started under, e.g. valgrind
"""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / 'lib'))

from potoo_daemon import Daemon  # noqa: E402
from potoo_sim import Sim  # noqa: E402

LOG_LINES = 120


class Workshop:
    """Makes daemons and simulators below one directory and takes them down again."""

    def __init__(self, directory):
        self.directory = directory
        self.made = []
        self.numbers = itertools.count(1)

    def daemon(self, directory=None, **arguments):
        daemon = Daemon(
            directory or self.directory / f'potoo-{next(self.numbers)}', start=False, **arguments
        )
        self.made.append(daemon)
        return daemon.start()

    def bus(self, **arguments):
        from potoo_bus import Bus  # needs python3-gi, which few tests do

        bus = Bus(self.directory / f'bus-{next(self.numbers)}', **arguments)
        self.made.append(bus)
        return bus.start()

    def browser(self):
        from potoo_browser import Browser  # needs Node.js and its packages, which few tests do

        browser = Browser(self.directory / f'browser-{next(self.numbers)}')
        self.made.append(browser)
        return browser

    def sim(self, cameras, **arguments):
        sim = Sim(self.directory / f'sim-{next(self.numbers)}', cameras, **arguments)
        self.made.append(sim)
        return sim

    def close(self):
        """Everything is taken down, also when one of them complains."""
        errors = []
        for one in reversed(self.made):
            try:
                one.close()
            except AssertionError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def logs(self):
        for one in self.made:
            lines = one.read_log().splitlines()
            yield str(one.log), '\n'.join(lines[-LOG_LINES:])


def open_workshop(request, directory):
    workshop = Workshop(directory)
    request.node._workshops = [*getattr(request.node, '_workshops', []), workshop]
    yield workshop
    workshop.close()


@pytest.fixture
def workshop(request, tmp_path):
    """Daemons and simulators of one test."""
    yield from open_workshop(request, tmp_path)


@pytest.fixture(scope='module')
def module_workshop(request, tmp_path_factory):
    """The same, shared by the tests of a file."""
    yield from open_workshop(request, tmp_path_factory.mktemp('module'))


@pytest.fixture
def sim(workshop):
    """Factory: sim({'door': {'codec': 'h265'}})."""
    return workshop.sim


@pytest.fixture
def make_daemon(workshop):
    """Factory: make_daemon(config={'storage': {'sync-interval': '1s'}})."""
    return workshop.daemon


@pytest.fixture
def daemon(workshop):
    """A daemon that runs and has no camera."""
    return workshop.daemon()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Attaches the logs to a test that fails."""
    report = (yield).get_result()
    if not report.failed:
        return
    for node in (item, item.getparent(pytest.Module)):
        for workshop in getattr(node, '_workshops', []):
            report.sections += list(workshop.logs())
