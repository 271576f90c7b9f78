# SPDX-License-Identifier: GPL-3.0-or-later
"""An RTSP client that hides nothing: media over TCP, packet by packet, without a jitter buffer."""

import hashlib
import re
import socket
import ssl
import struct
import time
from typing import NamedTuple

from potoo_sei import read_sei

NTP_EPOCH = 2208988800
SENDER_REPORT = 200


class Response(NamedTuple):
    status: int
    headers: dict
    body: str
    reason: str


class Packet(NamedTuple):
    channel: int  # 2 n: RTP of track n, 2 n + 1: its RTCP
    arrival_us: int  # wall time
    data: bytes

    @property
    def is_rtp(self):
        return self.channel % 2 == 0

    @property
    def sequence(self):
        return struct.unpack_from('>H', self.data, 2)[0]

    @property
    def rtp_time(self):
        return struct.unpack_from('>I', self.data, 4)[0]

    @property
    def is_sender_report(self):
        return not self.is_rtp and self.data[1] == SENDER_REPORT

    @property
    def report(self):
        """(wall time in µs, RTP time) of a sender report."""
        seconds, fraction, rtp_time = struct.unpack_from('>III', self.data, 8)
        return (seconds - NTP_EPOCH) * 1_000_000 + fraction * 1_000_000 // (1 << 32), rtp_time


def md5(*parts):
    return hashlib.md5(':'.join(parts).encode()).hexdigest()


class RtspClient:
    """One connection; with user and password it answers a digest challenge."""

    def __init__(self, url, user=None, password=None, timeout=10):
        scheme, host, port = re.match(r'(rtsps?)://([^:/]+):(\d+)/', url).groups()
        self.url, self.user, self.password = url, user, password
        self.socket = socket.create_connection((host, int(port)), timeout)
        if scheme == 'rtsps':
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.pending = b''
        self.packets = []
        self.challenge = self.session = None
        self.sequence = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # --- bytes ---

    def fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError('closed by the camera')
        self.pending += data

    def take(self, size):
        while len(self.pending) < size:
            self.fill()
        data, self.pending = self.pending[:size], self.pending[size:]
        return data

    def take_packet(self):
        """Takes one packet when the next thing is one."""
        while not self.pending:
            self.fill()
        if not self.pending.startswith(b'$'):
            return None
        channel, size = struct.unpack('>BH', self.take(4)[1:])
        return Packet(channel, time.time_ns() // 1000, self.take(size))

    # --- requests ---

    def authorization(self, method, url):
        realm, nonce = self.challenge
        response = md5(md5(self.user, realm, self.password), nonce, md5(method, url))
        return (
            f'Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{url}", '
            f'response="{response}"'
        )

    def request(self, method, url=None, **headers):
        response = self.request_once(method, url or self.url, **headers)
        challenge = response.headers.get('www-authenticate', '')
        if response.status == 401 and self.user is not None and challenge.startswith('Digest'):
            self.challenge = re.search(r'realm="([^"]*)", nonce="([^"]*)"', challenge).groups()
            response = self.request_once(method, url or self.url, **headers)
        return response

    def request_once(self, method, url, **headers):
        self.send(method, url, **headers)
        return self.read_response()

    def send(self, method, url=None, **headers):
        """Without waiting for an answer."""
        url = url or self.url
        self.sequence += 1
        headers['CSeq'] = self.sequence
        if self.session is not None:
            headers['Session'] = self.session
        if self.challenge is not None:
            headers['Authorization'] = self.authorization(method, url)
        lines = [f'{method} {url} RTSP/1.0', *(f'{k}: {v}' for k, v in headers.items()), '', '']
        self.socket.sendall('\r\n'.join(lines).encode())

    def read_response(self):
        while (packet := self.take_packet()) is not None:
            self.packets.append(packet)
        while b'\r\n\r\n' not in self.pending:
            self.fill()
        head, self.pending = self.pending.split(b'\r\n\r\n', 1)
        first, *rest = head.decode().split('\r\n')
        headers = {k.lower(): v.strip() for k, v in (line.split(':', 1) for line in rest)}
        body = self.take(int(headers.get('content-length', 0))).decode()
        self.session = headers.get('session', self.session or '').split(';')[0] or None
        _, status, reason = first.split(' ', 2)
        return Response(int(status), headers, body, reason)

    # --- media ---

    def describe(self):
        return self.request('DESCRIBE', Accept='application/sdp')

    def play(self, played=''):
        """DESCRIBE to PLAY with all tracks, of the media or of what @played is of it; returns the SDP."""
        response = self.describe()
        assert response.status == 200, response
        for i, control in enumerate(re.findall(r'a=control:(stream=\d+)', response.body)):
            transport = f'RTP/AVP/TCP;unicast;interleaved={2 * i}-{2 * i + 1}'
            answer = self.request('SETUP', f'{self.url}/{control}', Transport=transport)
            assert answer.status == 200, answer
        answer = self.request('PLAY', self.url + played, Range='npt=0.000-')
        assert answer.status == 200, answer
        return response.body

    def receive(self, seconds):
        """Packets of the next @seconds; of less time when the connection is closed."""
        packets, self.packets = self.packets, []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                packet = self.take_packet()
            except TimeoutError:
                break
            except ConnectionError:
                break
            assert packet is not None, self.pending[:200]
            packets.append(packet)
        self.socket.settimeout(10)
        return packets

    @property
    def is_closed(self):
        """Whether the camera closes the connection now; discards what comes before that."""
        end = time.monotonic() + 1
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                if not self.socket.recv(65536):
                    return True
            except TimeoutError:
                return False
            except ConnectionError:
                return True
        return False


def stamps_of(packets):
    """(stamp, packet) of each access unit; the simulator's SEI fits in one packet."""
    return [
        (stamp, packet)
        for packet in packets
        if packet.channel == 0
        for stamp in read_sei(packet.data)
    ]
