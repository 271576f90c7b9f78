# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras of a few lines, for what potoo-camera-sim does not do: any SDP, and malice."""

import base64
import itertools
import socketserver
import struct
import threading
import time

HEAD = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n'
AUDIO_ONLY = HEAD + 'm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:track1\r\n'
MOTION_JPEG = HEAD + 'm=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track1\r\n'
NO_TRACKS = HEAD
# 320×240, baseline.
SPS, PPS = bytes.fromhex('6742c00dda0507e440'), bytes.fromhex('68ce3c80')
H264 = (
    HEAD
    + 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;'
    + f'sprop-parameter-sets={base64.b64encode(SPS).decode()},{base64.b64encode(PPS).decode()}\r\n'
    + 'a=control:track1\r\n'
)


class TinyCamera:
    """Serves @sdp at every path, takes SETUP and PLAY over TCP, and sends nothing."""

    def __init__(self, sdp):
        camera = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    while (request := self.read_request()) is not None:
                        self.answer(*request)
                        if request[0] == 'PLAY':
                            camera.stream(self.connection)
                except ConnectionError:
                    pass

            def read_request(self):
                lines = []
                while (line := self.rfile.readline().decode(errors='replace').strip()) or not lines:
                    if not line:
                        return None
                    lines.append(line)
                method, url, _ = lines[0].split(' ', 2)
                return method, url, dict(line.lower().split(': ', 1) for line in lines[1:])

            def answer(self, method, url, headers):
                status, extra, body = camera.respond(method, url, headers)
                length = f'Content-Length: {len(body)}\r\n' if body else ''
                self.wfile.write(
                    f'RTSP/1.0 {status}\r\nCSeq: {headers["cseq"]}\r\n{extra}{length}\r\n{body}'.encode()
                )

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.sdp = sdp
        self.server = Server(('127.0.0.1', 0), Handler)
        self.base = f'rtsp://127.0.0.1:{self.server.server_address[1]}'
        self.url = f'{self.base}/tiny'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def respond(self, method, url, headers):
        """(status, header lines, body); in a connection's thread, as stream()."""
        extra, body = '', ''
        if method == 'OPTIONS':
            extra = 'Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n'
        elif method == 'DESCRIBE':
            body = self.sdp
            extra = f'Content-Type: application/sdp\r\nContent-Base: {url}/\r\n'
        elif method == 'SETUP':
            extra = f'Transport: {headers["transport"].split(",")[0]}\r\nSession: 1\r\n'
        elif method == 'PLAY':
            extra = 'Session: 1\r\n'
        return '200 OK', extra, body

    def stream(self, connection):
        """After PLAY was answered."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class RedirectingCamera(TinyCamera):
    """Sends who asks for /tiny on to @location; serves @sdp at other paths."""

    def __init__(self, sdp, location=None):
        super().__init__(sdp)
        self.location = location or f'{self.base}/other'

    def respond(self, method, url, headers):
        if method == 'DESCRIBE' and url.rstrip('/') == self.url:
            return '302 Moved Temporarily', f'Location: {self.location}\r\n', ''
        return super().respond(method, url, headers)


class CuriousCamera(TinyCamera):
    """Asks for a password, in plain text, and keeps what it is told."""

    def __init__(self):
        super().__init__(NO_TRACKS)
        self.requests = []  # (method, headers)

    def respond(self, method, url, headers):
        self.requests.append((method, headers))
        if 'authorization' not in headers:
            return '401 Unauthorized', 'WWW-Authenticate: Basic realm="camera"\r\n', ''
        return super().respond(method, url, headers)

    @property
    def credentials(self):
        return [headers['authorization'] for _, headers in self.requests if 'authorization' in headers]


class TalkativeCamera(TinyCamera):
    """In front of its description there are more fields than anyone reads in a minute."""

    FIELDS = ('X-More: ' + 'y' * 1000 + '\r\n') * 100_000

    def __init__(self):
        super().__init__(H264)

    def respond(self, method, url, headers):
        status, extra, body = super().respond(method, url, headers)
        return status, extra + (self.FIELDS if method == 'DESCRIBE' else ''), body


class ChangingCamera(TinyCamera):
    """Sends pictures, 50 a second, each a keyframe with other parameter sets than the one before."""

    def __init__(self):
        super().__init__(H264)

    def stream(self, connection):
        sequence = 0
        for picture in itertools.count():
            level = bytes([13 - picture % 2])
            nals = [SPS[:3] + level + SPS[4:], PPS, bytes.fromhex('65888400') + bytes(64)]
            for nal in nals:
                marker = 0x80 if nal is nals[-1] else 0
                packet = struct.pack('>BBHII', 0x80, marker | 96, sequence & 0xFFFF, picture * 1800, 0x1234) + nal
                connection.sendall(b'$' + struct.pack('>BH', 0, len(packet)) + packet)
                sequence += 1
            time.sleep(0.02)


class EndlessCamera(TinyCamera):
    """Begins a keyframe and never comes to its end: fragments of one NAL unit (FU-A, RFC 6184),
    all with one time stamp and none with a marker, as fast as they are taken."""

    FU_INDICATOR, IDR, START = 0x7C, 5, 0x80
    BURST = 50  # packets in one write

    def __init__(self, payload=bytes(range(256)) * 5):
        super().__init__(H264)
        self.payload = payload
        self.sent_bytes = 0

    def stream(self, connection):
        sequence = 0
        while True:
            burst = b''
            for _ in range(self.BURST):
                header = self.IDR | (self.START if sequence == 0 else 0)
                packet = struct.pack('>BBHII', 0x80, 96, sequence & 0xFFFF, 90000, 0x1234)
                packet += bytes([self.FU_INDICATOR, header]) + self.payload
                burst += b'$' + struct.pack('>BH', 0, len(packet)) + packet
                sequence += 1
            connection.sendall(burst)
            self.sent_bytes += len(burst)
