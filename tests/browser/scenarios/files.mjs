// SPDX-License-Identifier: GPL-3.0-or-later

// Recorded files as they are served, each played by the browser itself.

/** From the first picture to the last; what came of it. */
function play({ url, rate }) {
  return new Promise(resolve => {
    const video = document.createElement('video');
    const finish = () => {
      resolve({
        url,
        error: video.error && `${video.error.code} ${video.error.message}`,
        ended: video.ended,
        currentTime: video.currentTime,
        duration: video.duration,
        width: video.videoWidth,
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
      });
      video.remove();
    };
    video.onended = finish;
    video.onerror = finish;
    video.muted = true;
    video.src = url;
    document.body.append(video);
    video.defaultPlaybackRate = rate;
    video.playbackRate = rate;
    video.play().catch(() => undefined); // onerror tells
  });
}

export async function playAll(session) {
  const { page, options } = session;
  // An empty page of our origin.
  await page.route(`${session.origin}/empty`, route =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Files</title>' }),
  );
  await page.goto(`${session.origin}/empty`);
  const results = [];
  for (const url of options.files) results.push(await page.evaluate(play, { url, rate: options.rate }));
  return results;
}
