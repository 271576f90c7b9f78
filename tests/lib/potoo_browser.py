# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Chromium without a window: opens a page, which posts what it saw."""

import http.client
import json
import queue
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from potoo_process import SLOWNESS, Process

FLAGS = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-dev-shm-usage',
    '--autoplay-policy=no-user-gesture-required',
]


FORWARDED = ('Content-Type', 'Content-Length', 'Content-Range', 'Accept-Ranges', 'ETag')


class Page:
    """One HTML page on a loopback server; result() waits for its `fetch('/result', …)`.

    All other paths are the daemon's, since its answers are for pages of its own origin only."""

    def __init__(self, html, daemon):
        results = self.results = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == '/':
                    self.send_response(200)
                    self.send_header('Content-Type', 'text/html; charset=utf-8')
                    self.end_headers()
                    self.wfile.write(html.encode())
                else:
                    self.forward()

            def forward(self):
                link = http.client.HTTPConnection('127.0.0.1', daemon.port)
                wanted = self.headers.get('Range')
                link.request('GET', self.path, headers={'Range': wanted} if wanted else {})
                answer = link.getresponse()
                self.send_response(answer.status)
                for name in FORWARDED:
                    if answer.getheader(name):
                        self.send_header(name, answer.getheader(name))
                self.end_headers()
                try:
                    while chunk := answer.read(65536):
                        self.wfile.write(chunk)
                except ConnectionError:
                    pass  # the browser has enough
                link.close()

            def do_POST(self):
                results.put(json.loads(self.rfile.read(int(self.headers['Content-Length']))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}/'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def result(self, timeout):
        return self.results.get(timeout=timeout)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def open_in_chromium(html, daemon, directory, timeout):
    """What the page posts."""
    chromium = shutil.which('chromium')
    assert chromium, 'chromium is missing'
    page = Page(html, daemon)
    browser = Process(
        [chromium, *FLAGS, f'--user-data-dir={directory / "profile"}', page.url],
        directory / 'chromium.log',
        env={'HOME': str(directory), 'G_DEBUG': ''},
    )
    try:
        return page.result(timeout * SLOWNESS)
    except queue.Empty:
        raise AssertionError(f'no result within {timeout} s:\n{browser.read_log()[-4000:]}') from None
    finally:
        browser.stop(timeout=5)
        page.close()
