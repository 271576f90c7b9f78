# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera and all doors on IPv6: what is recorded, watched and asked for comes over [::1] alone."""

import pytest
from potoo_process import wait_until
from potoo_recording import find_lost_and_doubled, read_stamps
from potoo_restream import ffmpeg, rtspsrc, wait_for_viewers

LOCALHOST = '[::1]'
TRANSPORTS = ('tcp', 'udp')
PLAYERS = {'tcp': ffmpeg, 'udp': rtspsrc}


@pytest.fixture(scope='module')
def potoo(module_workshop):
    """It records a camera over each transport."""
    cameras = module_workshop.sim(dict.fromkeys(TRANSPORTS, {'audio': 'aac'}), ipv6=True)
    daemon = module_workshop.daemon(host=LOCALHOST)
    for name in TRANSPORTS:
        assert cameras.urls[name].startswith(f'rtsp://{LOCALHOST}:')
        daemon.add_camera(id=name, url=cameras.urls[name], transport=name)
    for name in TRANSPORTS:
        wait_until(lambda: count_fragments(daemon, name) > 0, 60, 'a picture')
    return daemon


def count_fragments(daemon, name):
    return daemon.metrics().get(f'potoo_recorded_fragments_total{{camera="{name}",stream="main"}}', 0)


def test_doors(potoo):
    assert f'listening on {potoo.url}' in potoo.read_log()
    assert potoo.get('/api/v1/system')['cameras'] == len(TRANSPORTS)


@pytest.mark.parametrize('transport', TRANSPORTS)
def test_is_watched(potoo, tmp_path, transport):
    path = tmp_path / 'stream'
    player = PLAYERS[transport](f'{potoo.rtsp_url}/{transport}', 'h264', transport, path)
    # ffmpeg writes 256 KiB at a time.
    wait_until(lambda: path.stat().st_size > 100_000, 60, 'pictures')
    stamps = player.stop()
    assert len(stamps) > 10 and find_lost_and_doubled(stamps) == ([], [])
    wait_for_viewers(potoo, 0)


@pytest.mark.parametrize('name', TRANSPORTS)
def test_is_recorded(potoo, name):
    wait_until(lambda: count_fragments(potoo, name) > 3, 30, 'fragments')
    assert potoo.metrics().get(f'potoo_stream_packets_refused_total{{camera="{name}",stream="main"}}', 0) == 0
    segments = potoo.disable_camera(name)
    stamps = [stamp for segment in segments for stamp in read_stamps(potoo.segment_path(segment))]
    assert len(stamps) > 50 and find_lost_and_doubled(stamps) == ([], [])
    assert {gap['cause'] for gap in potoo.gaps(name)} <= {'disconnected'}
