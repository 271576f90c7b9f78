# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd things on an RTSP connection that plays: nothing is lost for them, and the session lives on."""

import re
import time

import pytest
from potoo_process import wait_until
from potoo_recording import check_with_ffprobe, find_lost_and_doubled, read_stamps
from potoo_rtsp_proxy import RtspProxy

BFRAMES = 1
REQUEST = b'OPTIONS rtsp://recorder/ RTSP/1.0\r\nCSeq: 4711\r\n\r\n'
ANSWER = b'RTSP/1.0 200 OK\r\nCSeq: 815\r\nContent-Length: 3\r\n\r\nfoo'
OTHER_TRACK = b'$\x09\x00\x05hello'
CASES = {
    'garbage': {'between': b'\r\n\0..$\xff..garbage $', 'every': 7},
    'messages': {'between': REQUEST + ANSWER + OTHER_TRACK, 'every': 5},
    'pieces': {'pieces': True},
    'early': {'early': 150},  # more than a group of pictures
}


def record(daemon, proxy, seconds):
    daemon.add_camera(id='odd', url=proxy.url)
    daemon.wait_state('odd', 'streaming')
    time.sleep(seconds)
    paths = [daemon.segment_path(segment) for segment in daemon.disable_camera('odd')]
    stamps = [stamp for path in paths for stamp in read_stamps(path)]
    # The first keyframe may be a second away.
    assert len(stamps) > (seconds - 1.5) * 25
    assert find_lost_and_doubled(stamps, BFRAMES) == ([], [])
    for path in paths:
        assert check_with_ffprobe(path) == ''


@pytest.mark.parametrize('case', CASES)
def test_odd_stream(sim, daemon, case):
    cameras = sim({'odd': {'audio': 'aac', 'bframes': BFRAMES}})
    with RtspProxy(cameras.urls['odd'], **CASES[case]) as proxy:
        record(daemon, proxy, 4)
        if case == 'messages':
            assert proxy.count_sent(b'RTSP/1.0 501') >= 10
            assert proxy.count_sent(b'CSeq: 4711') >= 10


def refuse_sound(head):
    if b'interleaved=2-3' not in head:
        return head
    return b'RTSP/1.0 404 Not Found\r\n' + re.search(rb'(?i)cseq: *\d+\r\n', head)[0] + b'\r\n'


def test_sound_is_refused(sim, daemon):
    """What the camera offers and then does not give is no reason to record nothing."""
    cameras = sim({'odd': {'audio': 'aac', 'bframes': BFRAMES}})
    with RtspProxy(cameras.urls['odd'], edit_head=refuse_sound) as proxy:
        daemon.add_camera(id='odd', url=proxy.url)
        daemon.wait_state('odd', 'streaming')
        status = wait_until(
            lambda: [s for s in [daemon.camera('odd')['status']] if s['reason']], 20, 'a reason'
        )[0]
        assert 'sound is left out' in status['reason'] and status['audio_codec'] is None
        wait_until(lambda: daemon.segments('odd'), 20, 'a segment')
        assert daemon.disable_camera('odd')


@pytest.mark.parametrize('transport, channels', [('tcp', [b'$\x01', b'$\x03']), ('udp', [])])
def test_session_is_kept_alive(sim, daemon, transport, channels):
    """Cameras drop sessions of which they hear nothing: requests and receiver reports go out."""
    cameras = sim({'odd': {'audio': 'aac'}})
    with RtspProxy(cameras.urls['odd'], timeout_s=6) as proxy:
        daemon.add_camera(id='odd', url=proxy.url, transport=transport)
        daemon.wait_state('odd', 'streaming')

        def is_alive():
            kept = proxy.count_sent(b'GET_PARAMETER rtsp://') + proxy.count_sent(b'OPTIONS rtsp://') - 1
            return kept >= 3 and all(proxy.count_sent(channel) >= 3 for channel in channels)

        wait_until(is_alive, 30, 'requests and reports that keep the session alive')
        record_end = daemon.disable_camera('odd')
        assert record_end
        wait_until(lambda: proxy.count_sent(b'TEARDOWN rtsp://') == 1, 5, 'a TEARDOWN')
