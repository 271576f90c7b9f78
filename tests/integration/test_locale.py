# SPDX-License-Identifier: GPL-3.0-or-later
"""In German: people read German, and machines what they always read. Words are looked up, so that a
better translation fails nothing."""

import gettext
import os
import re
import subprocess

import pytest
from potoo_daemon import find_free_port
from potoo_process import BUILD, CAMERA_SIM, POTOO, POTOOCTL, SLOWNESS, wait_until

SAMPLE = re.compile(r'^[a-z_]+(?:\{[^}]*\})? (\S+)$', re.M)


@pytest.fixture(scope='module')
def translate():
    """What the daemon's words are in German."""
    return gettext.translation('potoo', BUILD / 'po/locale', ['de']).gettext


@pytest.fixture(scope='module')
def german(tmp_path_factory):
    """An environment in which 1.5 is written 1,5."""
    folder = tmp_path_factory.mktemp('locale')
    made = subprocess.run(
        ['localedef', '--no-archive', '-i', 'de_DE', '-f', 'UTF-8', str(folder / 'de_DE.UTF-8')],
        capture_output=True,
        text=True,
        timeout=60 * SLOWNESS,
    )
    assert made.returncode == 0, made.stderr
    return {'LOCPATH': str(folder), 'LC_ALL': 'de_DE.UTF-8'}


def run(environment, *command):
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=30 * SLOWNESS,
        env={**os.environ, **environment},
    )


def test_locale_is_german(german):
    assert run(german, '/usr/bin/printf', '%.1f', '1,5').stdout == '1,5'


@pytest.mark.parametrize(
    ('program', 'words'),
    [
        (POTOO, ['Network video recorder', 'Check the configuration file and exit']),
        (POTOOCTL, ['List the cameras', 'End RTSP connections']),
        (CAMERA_SIM, ['Log more']),
    ],
)
def test_programs(german, translate, program, words):
    help_text = run(german, program, '--help').stdout
    for word in words:
        assert translate(word) != word
        assert translate(word) in help_text, help_text


def test_errors(german, translate, tmp_path):
    """Of a program that never begins."""
    config = tmp_path / 'potoo.conf'
    config.write_text('[server]\nlog-level=loud\n')
    result = run(german, POTOO, '--check-config', '--config', config)
    assert result.returncode == 78
    message = '“%s” is not a log level; allowed are error, warning, info and debug'
    assert translate(message) % 'loud' in result.stderr


def test_daemon(workshop, german, translate):
    sim = workshop.sim({'yard': {}})
    daemon = workshop.daemon(env=german)
    port = find_free_port()
    daemon.add_camera(id='away', name='Away', url=f'rtsp://127.0.0.1:{port}/')
    daemon.add_camera(id='yard', name='Yard', url=sim.urls['yard'])
    reason = daemon.wait_state('away', 'backing-off')['status']['reason']
    assert reason == translate('Cannot connect to %s') % f'127.0.0.1:{port}'
    fps = wait_until(lambda: daemon.camera('yard')['status']['fps'], 30, 'a rate')
    assert isinstance(fps, float)
    wait_until(lambda: sum(s['duration'] for s in daemon.segments('yard')) > 2, 30, 'a recording')
    for path in ('cameras', 'storage', 'system', 'verify'):
        daemon.get(f'/api/v1/{path}')  # 24,5 would be no JSON
    start = daemon.segments('yard')[0]['start']
    window = f'start={start}&end={daemon.get("/api/v1/system")["time"]}'
    assert daemon.get(f'/api/v1/cameras/yard/timeline?{window}')['spans']
    playlist = daemon.api('GET', f'/api/v1/cameras/yard/playback.m3u8?{window}')[2].decode()
    lengths = re.findall(r'#EXTINF:([^,]*),', playlist)
    assert lengths and all(0 < float(length) < 60 for length in lengths), playlist
    samples = SAMPLE.findall(daemon.api('GET', '/metrics')[2].decode())
    assert len(samples) > 50
    for sample in samples:
        float(sample)
    status, _, problem = daemon.api('GET', '/api/v1/cameras/none')
    assert (status, problem['detail']) == (404, translate('There is no camera “%s”') % 'none')
