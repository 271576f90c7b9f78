# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera of a few lines, for what potoo-camera-sim does not do: any SDP, no media."""

import socketserver
import threading

HEAD = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n'
AUDIO_ONLY = HEAD + 'm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:track1\r\n'
MOTION_JPEG = HEAD + 'm=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track1\r\n'
NO_TRACKS = HEAD


class TinyCamera:
    """Serves @sdp at every path, takes SETUP and PLAY over TCP, and sends nothing."""

    def __init__(self, sdp):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while True:
                    lines = []
                    while (line := self.rfile.readline().decode(errors='replace').strip()) or not lines:
                        if not line:
                            return
                        lines.append(line)
                    method, url, _ = lines[0].split(' ', 2)
                    headers = dict(line.lower().split(': ', 1) for line in lines[1:])
                    self.answer(method, url, headers)

            def answer(self, method, url, headers):
                extra, body = '', ''
                if method == 'OPTIONS':
                    extra = 'Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n'
                elif method == 'DESCRIBE':
                    body = sdp
                    extra = f'Content-Type: application/sdp\r\nContent-Base: {url}/\r\n'
                elif method == 'SETUP':
                    extra = f'Transport: {headers["transport"].split(",")[0]}\r\nSession: 1\r\n'
                elif method == 'PLAY':
                    extra = 'Session: 1\r\n'
                length = f'Content-Length: {len(body)}\r\n' if body else ''
                self.wfile.write(
                    f'RTSP/1.0 200 OK\r\nCSeq: {headers["cseq"]}\r\n{extra}{length}\r\n{body}'.encode()
                )

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = f'rtsp://127.0.0.1:{self.server.server_address[1]}/tiny'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
