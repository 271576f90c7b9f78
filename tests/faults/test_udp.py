# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras over UDP that are not as others: each is recorded, or says what to do about it.

All are on one daemon and begin at once.
"""

import re
from contextlib import ExitStack

import pytest
from potoo_daemon import parse_time
from potoo_faults import SECOND, SMALL, now_us, stop_recording, wait_for_recording
from potoo_process import wait_until
from potoo_recording import find_lost_and_doubled, read_stamps
from potoo_rtsp import H264, TinyCamera
from potoo_rtsp_proxy import RtspProxy

LEFT_S = 8


class RefusingCamera(TinyCamera):
    def respond(self, method, url, headers):
        if method == 'SETUP':
            return '461 Unsupported Transport', '', ''
        return super().respond(method, url, headers)


def edit_ports(ports):
    """What the camera says it sends from."""
    return lambda head: re.sub(rb';server_port=[\d-]+', ports, head)


# What is between them and Potoo.
PROXIES = {
    'not-told': {'edit_head': edit_ports(b'')},
    'other-source': {'edit_head': lambda head: re.sub(rb'(\r\nTransport: [^\r]*)', rb'\1;source=127.0.0.9', head)},
    'elsewhere': {'edit_head': edit_ports(b';server_port=1-2')},
    'hangs-up': {'left_s': LEFT_S},
}


@pytest.fixture(scope='module')
def potoo(module_workshop):
    cameras = module_workshop.sim(dict.fromkeys(PROXIES, SMALL))
    daemon = module_workshop.daemon(config={'storage': {'segment-duration': '1h'}})
    with ExitStack() as stack:
        made = {name: RtspProxy(cameras.urls[name], **options) for name, options in PROXIES.items()}
        made |= {'refusing': RefusingCamera(H264), 'silent': TinyCamera(H264)}
        for name, camera in made.items():
            stack.enter_context(camera)
            daemon.add_camera(id=name, url=camera.url, transport='udp')
        yield daemon


def count_refused(potoo, name):
    """None while it is not connected."""
    return potoo.metrics().get(f'potoo_stream_packets_refused_total{{camera="{name}",stream="main"}}')


@pytest.mark.parametrize('name', ['not-told', 'other-source'])
def test_plays(potoo, name):
    potoo.wait_state(name, 'streaming')
    wait_for_recording(potoo, name, now_us())
    assert count_refused(potoo, name) == 0
    stamps = [stamp for path in stop_recording(potoo, name) for stamp in read_stamps(path)]
    assert find_lost_and_doubled(stamps) == ([], [])


@pytest.mark.parametrize('name', ['silent', 'elsewhere'])
def test_nothing_arrives(potoo, name):
    status = potoo.wait_state(name, 'backing-off', timeout=60)['status']
    assert 'firewall' in status['reason'] and 'tcp' in status['reason']
    if name == 'elsewhere':
        wait_until(lambda: count_refused(potoo, name), 60, 'packets to be refused')


def test_udp_is_refused(potoo):
    status = potoo.wait_state('refusing', 'no-video')['status']
    assert 'set transport to auto' in status['reason']


def test_connection_that_is_closed_ends_nothing(potoo):
    """The media goes on until it ends."""

    def look():
        for segment in potoo.segments('hangs-up'):
            if parse_time(segment['end']) - parse_time(segment['start']) > LEFT_S * SECOND / 2:
                return segment
        return None

    segment = wait_until(look, 90, 'more to be recorded than before a silence is noticed')
    wait_for_recording(potoo, 'hangs-up', parse_time(segment['start']) + 2 * LEFT_S * SECOND, timeout=90)
    assert {gap['cause'] for gap in potoo.gaps('hangs-up')} == {'disconnected'}
