# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between a recorder and a simulated camera, and adds what odd cameras send on an RTSP connection."""

import random
import re
import socket
import threading
import time
from urllib.parse import urlsplit


class RtspProxy:
    """Passes on what goes to the camera at @url; @between is put behind every @every-th packet.

    `sent` is all that the recorder has sent. With @timeout_s the camera seems to drop sessions that
    are silent for that long. With @pieces what comes from the camera is cut anywhere. What the
    camera says of itself goes through @edit_sdp, and the fields of its answers through @edit_head. The answer
    to PLAY comes after @early packets. With @left_s the recorder's connection is closed after that answer, and the
    camera's so much later.
    """

    def __init__(
        self,
        url,
        between=b'',
        every=10,
        timeout_s=None,
        pieces=False,
        edit_sdp=None,
        edit_head=None,
        early=0,
        left_s=None,
    ):
        self.between, self.every, self.timeout_s, self.pieces = between, every, timeout_s, pieces
        self.edit_sdp, self.edit_head, self.early, self.left_s = edit_sdp, edit_head, early, left_s
        self.sent = bytearray()
        self.target = urlsplit(url)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = url.replace(f':{self.target.port}/', f':{self.listener.getsockname()[1]}/')
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            camera = socket.create_connection(('127.0.0.1', self.target.port))
            threading.Thread(target=self.pass_requests, args=(client, camera), daemon=True).start()
            threading.Thread(target=self.pass_stream, args=(camera, client), daemon=True).start()

    def pass_requests(self, client, camera):
        try:
            while data := client.recv(65536):
                self.sent += data
                # Answers to what the proxy asked are not the camera's.
                camera.sendall(re.sub(rb'(?s)RTSP/1\.0 .*?\r\n\r\n', b'', data))
        except OSError:
            pass
        if self.left_s is None:
            camera.close()

    def pass_stream(self, camera, client):
        stream = camera.makefile('rb')
        packets, late = 0, b''
        try:
            while first := stream.read(1):
                if first == b'$':
                    header = stream.read(3)
                    packets += 1
                    data = first + header + stream.read(int.from_bytes(header[1:], 'big'))
                    data += self.between if packets % self.every == 0 else b''
                    if packets == self.early:
                        data += late
                else:
                    data = self.read_message(first, stream)
                    if self.early and b'\r\nRange: ' in data:
                        late = data
                        continue
                self.pass_on(client, data)
                if self.left_s is not None and b'\r\nRange: ' in data:
                    client.shutdown(socket.SHUT_RDWR)
                    time.sleep(self.left_s)
                    camera.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        client.close()

    def read_message(self, first, stream):
        head = first
        while not head.endswith(b'\r\n\r\n'):
            line = stream.readline()
            if not line:
                raise OSError
            head += line
        length = re.search(rb'(?i)content-length: *(\d+)', head)
        body = stream.read(int(length[1])) if length else b''
        if body and self.edit_sdp:
            body = self.edit_sdp(body.decode()).encode()
            head = re.sub(rb'(?i)content-length: *\d+', b'Content-Length: %d' % len(body), head)
        if self.edit_head:
            head = self.edit_head(head)
        if self.timeout_s:
            head = re.sub(rb'(?i)(session: *[^;\r]+)(;timeout=\d+)?', rb'\1;timeout=%d' % self.timeout_s, head)
        return head + body

    def pass_on(self, client, data):
        while data:
            n = random.randint(1, 2000) if self.pieces else len(data)
            client.sendall(data[:n])
            data = data[n:]

    def count_sent(self, text):
        return bytes(self.sent).count(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
