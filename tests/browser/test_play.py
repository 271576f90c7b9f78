# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium plays each recorded H.264 file from its first to its last frame, as the daemon serves it."""

import json

import pytest
from potoo_browser import open_in_chromium
from potoo_mp4 import read_movie

CAMERAS = {
    'aac': {'codec': 'h264', 'audio': 'aac'},
    'opus': {'codec': 'h264', 'audio': 'opus'},
    'b-frames': {'codec': 'h264', 'bframes': 2, 'gop': 50},
}
SEGMENTS = 3
RATE = 4

PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<script>
function play(url) {
  return new Promise(resolve => {
    const video = document.createElement('video');
    const waits = [];
    const finish = () => {
      const quality = video.getVideoPlaybackQuality();
      resolve({
        url, waits,
        error: video.error && `${video.error.code} ${video.error.message}`,
        ended: video.ended,
        currentTime: video.currentTime,
        duration: video.duration,
        buffered: video.buffered.length,
        width: video.videoWidth,
        frames: quality.totalVideoFrames,
      });
      video.remove();
    };
    video.onended = finish;
    video.onerror = finish;
    video.onwaiting = () => waits.push(video.currentTime);
    video.muted = true;
    video.src = url;
    document.body.append(video);
    video.playbackRate = RATE;
    video.play().catch(error => {});
  });
}
addEventListener('load', async () => {
  const results = [];
  for (const url of URLS)
    results.push(await play(url));
  await fetch('/result', {method: 'POST', body: JSON.stringify(results)});
});
</script>
<body>
"""


@pytest.fixture(scope='module')
def recorded(module_workshop):
    sim = module_workshop.sim(CAMERAS)
    daemon = module_workshop.daemon()
    for name in CAMERAS:
        daemon.add_camera(id=name, url=sim.urls[name])
    for name in CAMERAS:
        daemon.wait_segments(name, SEGMENTS - 1, timeout=SEGMENTS * 12 + 10)
    return daemon, {name: daemon.disable_camera(name) for name in CAMERAS}


@pytest.mark.parametrize('camera', CAMERAS)
def test_plays_whole(recorded, camera, tmp_path):
    daemon, segments = recorded
    urls = {segment['media']: segment for segment in segments[camera]}
    page = PAGE.replace('URLS', json.dumps(list(urls))).replace('RATE', str(RATE))
    results = open_in_chromium(page, daemon, tmp_path, timeout=90)
    assert [result['url'] for result in results] == list(urls)
    for result in results:
        movie = read_movie(daemon.segment_path(urls[result['url']]))
        duration = movie.duration_s()
        track = movie.track_of('vide').track_id
        frames = sum(len(f.runs[track].sizes) for f in movie.fragments)
        assert result['error'] is None, result
        assert result['ended'], result
        # Audio may end up to a fragment after the last picture.
        assert result['duration'] == pytest.approx(duration, abs=0.2)
        assert result['currentTime'] == pytest.approx(result['duration'], abs=0.05)
        assert result['width'] == 320
        assert abs(result['frames'] - frames) <= 1, (result, frames)
