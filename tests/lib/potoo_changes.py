# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of /api/v1/changes (server-sent events, WHATWG HTML 9.2)."""

import json
import socket
import time

from potoo_process import SLOWNESS


class Event:
    def __init__(self, kind, data, last_id):
        self.kind = kind
        self.data = data
        self.id = last_id

    def __repr__(self):
        return f'{self.id} {self.kind} {self.data}'


class Changes:
    """
    One connection. Events come from next() and wait(); `id` is what a client would come back
    with, `heartbeats` are the times that those told, which are not events here.
    """

    def __init__(self, daemon, last_event_id=None, headers='', timeout=10):
        self.link = socket.create_connection(('127.0.0.1', daemon.port), timeout=timeout * SLOWNESS)
        self.buffer = b''
        self.id = last_event_id
        self.heartbeats = []
        self.retry = None
        self.seen = []
        resume = f'Last-Event-ID: {last_event_id}\r\n' if last_event_id is not None else ''
        self.link.sendall(
            f'GET /api/v1/changes HTTP/1.1\r\nHost: 127.0.0.1\r\n{resume}{headers}\r\n'.encode()
        )
        head = self.read_until(b'\r\n\r\n').decode().split('\r\n')
        self.status = int(head[0].split(' ')[1])
        self.headers = dict(line.split(': ', 1) for line in head[1:] if line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.link.close()

    def read_until(self, mark):
        """None at the end of the stream."""
        while mark not in self.buffer:
            piece = self.link.recv(65536)
            if not piece:
                return None
            self.buffer += piece
        block, self.buffer = self.buffer.split(mark, 1)
        return block

    def next(self, timeout=10):
        """The next event; None when the stream has ended. TimeoutError when none comes."""
        deadline = time.monotonic() + timeout * SLOWNESS
        while True:
            self.link.settimeout(max(deadline - time.monotonic(), 0.001))
            block = self.read_until(b'\n\n')
            if block is None:
                return None
            event = self.parse(block.decode())
            if event is not None:
                self.seen.append(event)
                return event

    def parse(self, block):
        kind, data = 'message', []
        for line in block.split('\n'):
            name, _, value = line.partition(':')
            value = value.removeprefix(' ')
            if name == 'id':
                self.id = value
            elif name == 'event':
                kind = value
            elif name == 'data':
                data.append(value)
            elif name == 'retry':
                self.retry = int(value)
        if kind == 'heartbeat':
            self.heartbeats.append(json.loads(data[0])['time'])
            return None
        return Event(kind, json.loads('\n'.join(data)), self.id) if data else None

    def wait(self, kind, condition=lambda data: True, timeout=10):
        """The next event of @kind whose data fulfils @condition."""
        deadline = time.monotonic() + timeout * SLOWNESS
        while True:
            try:
                event = self.next(max(deadline - time.monotonic(), 0.001) / SLOWNESS)
            except TimeoutError:
                event = None
            assert event is not None, f'no such {kind}; came: {self.seen}'
            if event.kind == kind and condition(event.data):
                return event.data
