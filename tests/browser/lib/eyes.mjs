// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Runs in each page before its own scripts; stands alone. `window.potoo` then reads what a video
 * shows: the simulator's block code (src/sim/potoo-sim-picture.h) is the place of the picture in
 * its loop.
 */
export function installEyes() {
  const BLOCKS = 16;
  const canvas = document.createElement('canvas');
  const paper = canvas.getContext('2d', { willReadFrequently: true });

  addEventListener('securitypolicyviolation', event => {
    window.potooComplain(`policy: ${event.violatedDirective} refuses ${event.blockedURI}`);
  });

  /** Place in the loop of what `source`, a video or an image, shows; null when it cannot be read. */
  function readCode(source) {
    const width = source.videoWidth ?? source.naturalWidth;
    const height = source.videoHeight ?? source.naturalHeight;
    if (!width || !height) return null;
    const strip = Math.ceil(height / 16);
    canvas.width = width;
    canvas.height = strip;
    paper.drawImage(source, 0, 0, width, strip, 0, 0, width, strip);
    const { data } = paper.getImageData(0, 0, width, strip);
    const top = Math.floor(height / 64);
    const bottom = Math.max(Math.floor((height * 3) / 64), top + 1);
    let word = 0;
    for (let block = 0; block < BLOCKS; block++) {
      const left = Math.floor((width * (4 * block + 1)) / 64);
      const right = Math.max(Math.floor((width * (4 * block + 3)) / 64), left + 1);
      let total = 0;
      for (let y = top; y < bottom; y++)
        for (let x = left; x < right; x++) total += data[(y * width + x) * 4 + 1];
      word = (word << 1) | (total >= 128 * (right - left) * (bottom - top) ? 1 : 0);
    }
    const position = word >> 4;
    const sum = ((position >> 8) ^ (position >> 4) ^ position ^ 5) & 15;
    return (word & 15) === sum ? position : null;
  }

  /** Notes each frame that comes to the screen, and where the video waits before a hole. */
  function watch(video) {
    const seen = { frames: [], holes: [] };
    const look = (_now, { mediaTime }) => {
      seen.frames.push({ time: mediaTime, code: readCode(video), wall: readWall() });
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    video.addEventListener('waiting', () => {
      if (video.buffered.length > 1) seen.holes.push(video.currentTime);
    });
    return seen;
  }

  /** What the page says of the time of the picture. */
  function readWall() {
    const element = document.querySelector('time.wall-time');
    return element ? Date.parse(element.dateTime) : null;
  }

  /** Goes to `time` and tells what is shown there. */
  async function step(video, time) {
    const shown = new Promise(resolve =>
      video.requestVideoFrameCallback((_now, { mediaTime }) => resolve(mediaTime)),
    );
    const sought = new Promise(resolve => video.addEventListener('seeked', resolve, { once: true }));
    video.currentTime = time;
    await sought;
    return { time: await shown, code: readCode(video) };
  }

  window.potoo = { readCode, readWall, step, watch };
}
