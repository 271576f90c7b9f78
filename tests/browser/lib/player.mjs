// SPDX-License-Identifier: GPL-3.0-or-later

// What a page's player does, read from the video itself and from the pictures that it shows.

import { check } from './session.mjs';

const FRAMES = 25; // of the moving picture, before it is taken for moving

export function stateOf(page) {
  return page.locator('.state').first().getAttribute('data-state');
}

function readVideo(video) {
  const { totalVideoFrames } = video.getVideoPlaybackQuality();
  return { time: video.currentTime, frames: totalVideoFrames, code: potoo.readCode(video), width: video.videoWidth };
}

/** Decoded frames advance, so does the time, and the picture is another place of the loop. */
export async function checkMoves(session, timeout) {
  const video = session.page.locator('video');
  const read = () => video.evaluate(readVideo);
  const first = await session.until('a picture', async () => {
    const now = await read();
    return now.code !== null && now;
  }, timeout);
  const last = await session.until('the picture to move', async () => {
    const now = await read();
    return now.frames >= first.frames + FRAMES && now.time > first.time + 0.5 && now;
  });
  check(last.code !== null && last.code !== first.code, `the picture stands still: ${JSON.stringify([first, last])}`);
}

export async function press(session, name) {
  await session.page.getByRole('button', { name, exact: true }).click();
}

/** As far as the timeline goes. */
export async function zoomIn(session) {
  const button = session.page.getByRole('button', { name: 'Show less time' });
  while (await button.isEnabled()) await button.click();
}

/** Stops the video and waits until what is said of the picture is of this picture. */
export async function pause(session) {
  const { page } = session;
  const video = page.locator('video');
  await video.evaluate(element => element.pause());
  await session.until('the video to stand', () =>
    video.evaluate(element => element.paused && !element.seeking && element.readyState >= 2),
  );
}
