# SPDX-License-Identifier: GPL-3.0-or-later
"""potoo itself, on a free loopback port, with a state directory of its own."""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
from datetime import datetime, timezone

from potoo_process import POTOO, Process, wait_until

# What a clean run never prints.
COMPLAINTS = re.compile(
    r'AddressSanitizer|LeakSanitizer|runtime error:|-CRITICAL|\(process:\d+\): .*WARNING|'
    r'GStreamer-CRITICAL|GLib-GObject-WARNING|assertion .* failed'
)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def parse_time(text):
    """Microseconds since 1970 of 2026-11-21T10:15:30.123456Z; None stays None."""
    if text is None:
        return None
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z', text), text
    delta = datetime.fromisoformat(text.replace('Z', '+00:00')) - EPOCH
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def find_free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def write_config(path, groups):
    text = ''.join(
        f'[{group}]\n' + ''.join(f'{key}={value}\n' for key, value in keys.items())
        for group, keys in groups.items()
    )
    path.write_text(text, encoding='utf-8')


class Daemon:
    """
    config: groups of potoo.conf that replace or add to the ones of a test: short segments, all logs.
    host: the address that it listens on, as a URL has it.
    """

    def __init__(self, directory, config=None, env=None, arguments=(), start=True, host='127.0.0.1'):
        self.directory = directory
        self.state_dir = directory / 'state'
        self.recordings_dir = self.state_dir / 'recordings'
        self.config_path = directory / 'potoo.conf'
        self.log = directory / 'potoo.log'
        self.env = env or {}
        self.arguments = list(arguments)
        self.process = None
        self.expect_clean = True
        self.host = host
        self.port = find_free_port()
        self.url = f'http://{host}:{self.port}'
        self.rtsp_port = find_free_port()
        self.rtsp_url = f'rtsp://{host}:{self.rtsp_port}'
        self.config = {
            'server': {'log-level': 'debug'},
            'http': {'listen': f'{host}:{self.port}'},
            'rtsp': {'listen': f'{host}:{self.rtsp_port}'},
            'storage': {'segment-duration': '10s'},
        }
        for group, keys in (config or {}).items():
            self.config.setdefault(group, {}).update(keys)
        directory.mkdir(parents=True, exist_ok=True)
        self.state_dir.mkdir(mode=0o700, exist_ok=True)
        write_config(self.config_path, self.config)
        if start:
            self.start()

    # --- the process ---

    def start(self, timeout=20):
        self.launch()
        wait_until(self.is_ready, timeout, 'potoo to be ready', interval=0.05)
        return self

    def launch(self):
        """Starts the process, which may not be ready yet."""
        assert self.process is None or not self.process.is_running
        self.process = Process(
            [POTOO, '--config', self.config_path, '--state-dir', self.state_dir, *self.arguments],
            self.log,
            # However busy the machine is, no test but one about that is to feel it.
            env={'G_SLICE': 'always-malloc', 'POTOO_TEST_CPU_WAIT': '/dev/null', **self.env},
            wrapper=os.environ.get('POTOO_WRAPPER', ''),
        )

    def is_ready(self):
        if not self.process.is_running:
            raise AssertionError(f'potoo ended with {self.process.returncode}:\n{self.read_log()}')
        try:
            return self.api('GET', '/readyz')[0] == 200
        except OSError:
            return False

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process is not None and self.process.is_running

    def stop(self, sig=signal.SIGTERM, timeout=10):
        return self.process.stop(sig, timeout)

    def kill(self):
        return self.process.kill()

    def close(self):
        """The end of a test: a daemon that still runs must stop cleanly."""
        if self.is_running:
            status = self.stop()  # killed when it does not stop
            assert status == 0, f'potoo ended with {status}, see its log'
        if self.expect_clean:
            complaints = [line for line in self.read_log().split('\n') if COMPLAINTS.search(line)]
            assert not complaints, complaints[:10]

    def read_log(self):
        return self.log.read_text(encoding='utf-8', errors='replace') if self.log.exists() else ''

    # --- REST ---

    def api(self, method, path, body=None, headers=None, raw=None, timeout=30):
        """(status, headers, body): the body is parsed when it is JSON, bytes otherwise.

        @body is sent as JSON, @raw as it is; header names in the answer are in lower case."""
        headers = dict(headers or {})
        if body is not None:
            raw = json.dumps(body).encode()
            headers.setdefault('Content-Type', 'application/json')
        connection = http.client.HTTPConnection(self.host.strip('[]'), self.port, timeout=timeout)
        try:
            connection.request(method, path, body=raw, headers=headers)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        answer = {name.lower(): value for name, value in response.getheaders()}
        kind = answer.get('content-type', '').split(';')[0]
        if data and 'content-encoding' not in answer and kind in ('application/json', 'application/problem+json'):
            data = json.loads(data)
        return response.status, answer, data

    def get(self, path):
        status, _, body = self.api('GET', path)
        assert status == 200, (path, status, body)
        return body

    def list_all(self, path):
        """All items of a list, page by page."""
        items, page = [], self.get(path)
        while True:
            items += page['items']
            if page['next'] is None:
                return items
            separator = '&' if '?' in path else '?'
            page = self.get(f'{path}{separator}cursor={page["next"]}')

    def add_camera(self, **members):
        status, _, body = self.api('POST', '/api/v1/cameras', members)
        assert status == 201, (status, body)
        return body

    def patch_camera(self, camera, **members):
        status, _, body = self.api('PATCH', f'/api/v1/cameras/{camera}', members)
        assert status == 200, (status, body)
        return body

    def disable_camera(self, camera, timeout=10):
        """Returns its segments, all of which are finished."""
        self.patch_camera(camera, enabled=False)
        self.wait_state(camera, 'disabled')

        def look():
            found = self.segments(camera)
            return [found] if all(segment['state'] != 'open' for segment in found) else None

        return wait_until(look, timeout, f'the segments of {camera} to be finished')[0]

    def camera(self, camera):
        return self.get(f'/api/v1/cameras/{camera}')

    def state(self, camera):
        return self.camera(camera)['status']['state']

    def wait_state(self, camera, state, timeout=20):
        """@state may be several; returns the camera."""
        states = {state} if isinstance(state, str) else set(state)

        def look():
            found = self.camera(camera)
            return found if found['status']['state'] in states else None

        try:
            return wait_until(look, timeout, f'{camera} to be {"/".join(sorted(states))}')
        except AssertionError as error:
            raise AssertionError(f'{error}; it is {self.camera(camera)["status"]}') from None

    def segments(self, camera=None):
        query = f'&camera={camera}' if camera else ''
        return self.list_all(f'/api/v1/segments?limit=1000{query}')

    def wait_segments(self, camera, closed, timeout):
        """Until @closed segments of @camera are finished."""

        def look():
            found = [s for s in self.segments(camera) if s['state'] == 'closed']
            return found if len(found) >= closed else None

        return wait_until(look, timeout, f'{closed} finished segments of {camera}', interval=0.5)

    def segment_path(self, segment):
        found = list(self.recordings_dir.glob(f'*/*/*-{segment["id"]}.mp4'))
        assert len(found) == 1, (segment, found)
        return found[0]

    def gaps(self, camera):
        return self.list_all(f'/api/v1/cameras/{camera}/gaps?limit=1000')

    def metrics(self):
        """{'potoo_x{label="a"}': 1.0}"""
        text = self.get('/metrics').decode()
        return {
            line.rsplit(' ', 1)[0]: float(line.rsplit(' ', 1)[1])
            for line in text.splitlines()
            if line and not line.startswith('#')
        }

    # --- what is on the disk ---

    def query(self, sql, *parameters):
        """Rows of the catalog, as dicts."""
        with sqlite3.connect(f'file:{self.state_dir}/catalog.db?mode=ro', uri=True) as link:
            link.row_factory = sqlite3.Row
            return [dict(row) for row in link.execute(sql, parameters)]
