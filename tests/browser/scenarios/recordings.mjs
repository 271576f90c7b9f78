// SPDX-License-Identifier: GPL-3.0-or-later

// Playing what was recorded. `frames` are those of the files, in order, each with its time on the
// playlist, its wall time in milliseconds and its place in the simulator's loop.

import { check } from '../lib/session.mjs';
import { pause, press, zoomIn } from '../lib/player.mjs';

const FPS = 25;
const LATEST = 12; // frames by which a picture may come later: half a second
const LATEST_PLAYING_S = 1;

const at = ms => `?t=${new Date(ms).toISOString()}`;

async function openAt(session, ms) {
  await session.open(`/recordings/${session.options.id}${at(ms)}`);
  const video = session.page.locator('video');
  await session.until('a picture', () => video.evaluate(element => element.readyState >= 2 && !element.seeking));
  return video;
}

/** By the field, which knows whole seconds. */
async function goTo(session, ms) {
  const { page } = session;
  const clock = await page.evaluate(time => new Date(time).toTimeString().slice(0, 8), ms);
  await page.getByLabel('Time to go to').fill(clock);
  await press(session, 'Go');
}

/** The frame that is on the screen at `ms`. */
function frameAt(frames, ms) {
  let found = frames[0];
  for (const frame of frames) if (frame.wall <= ms + 1) found = frame;
  return found;
}

/** How far `a` lies behind `b` in the loop. */
function behind(a, b, loop) {
  const there = (((a - b) % loop) + loop) % loop;
  return there < loop / 2 ? there : there - loop;
}

/** The picture is that of `ms`, or the one beside, or up to `latest` frames later. */
function checkFrame(session, code, ms, what, latest = 1) {
  const { frames, loop } = session.options;
  const wanted = frameAt(frames, ms);
  const late = code === null ? null : behind(code, wanted.position, loop);
  check(
    late !== null && late >= -1 && late <= latest,
    `${what}: at ${new Date(ms).toISOString()} place ${wanted.position} of the loop was recorded, the picture is ${code}`,
  );
}

/** From the second `start` on to the last picture, through borders of files and a gap. */
export async function playThrough(session) {
  const { page, options } = session;
  const { frames, gap, start } = options;
  const from = frameAt(frames, start);
  const last = frames[frames.length - 1];
  await session.open(`/recordings/${options.id}`);
  await page.getByRole('button', { name: /^Play, or choose/ }).waitFor();
  await page.getByLabel('Speed').selectOption(String(options.speed));
  const video = page.locator('video');
  const seen = await video.evaluateHandle(element => potoo.watch(element));
  await goTo(session, start);
  await page.getByText(/^Skipped \d+ s without recording: Connection to the camera lost/).waitFor({ timeout: 45_000 });
  const readLast = ({ frames: shown }) => shown[shown.length - 1]?.code;
  await session.until('the end', async () => (await seen.evaluate(readLast)) === last.position, 60_000);
  await page.getByText('This is the end of what has been recorded.').waitFor();
  const { frames: all, holes } = await seen.jsonValue();
  const decoded = await video.evaluate(element => element.getVideoPlaybackQuality().totalVideoFrames);

  // The playlist begins with the keyframe before; its picture may flash by before the first.
  const begin = frames.filter(({ key, wall }) => key && wall <= from.wall).pop().time;
  const numbers = new Map(frames.map(({ position }, number) => [position, number]));
  const isBefore = ({ code }) => numbers.get(code) < frames.indexOf(from) - 1;
  const shown = all.slice(all.findIndex(one => !isBefore(one)));
  check(all.length - shown.length <= 2, `it began with place ${all[0].code} of the loop, not ${from.position}`);

  // A busy machine makes it wait anywhere; what must not be is a hole in what was loaded.
  const ranges = await video.evaluate(({ buffered }) => buffered.length);
  check(holes.length === 0 && ranges === 1, `there are ${ranges} pieces, it waited at ${holes}`);
  // What is on the screen when a frame is announced is this frame or, on a busy machine, a later one.
  const latest = LATEST_PLAYING_S * FPS * options.speed;
  let before = 0;
  for (const { time, code, wall } of shown) {
    const number = numbers.get(code);
    const wanted = frames.filter(frame => frame.time <= begin + time + 0.002).length - 1;
    const isRight = number >= before && number >= wanted - 1 && number <= wanted + latest;
    check(isRight, `frame ${number} (place ${code}) came after ${before}, where ${wanted} was to be`);
    check(wall === null || wall < gap.start + 100 || wall > gap.end - 100, `the time ${wall}, in the gap, is said`);
    before = number;
  }
  return { decoded, shown: shown.length };
}

/** What the page says of the picture is so, to the frame; gives the time. */
async function readPaused(session, what) {
  const video = session.page.locator('video');
  await pause(session);
  return session.until(what, async () => {
    const { code, wall } = await video.evaluate(element => ({ code: potoo.readCode(element), wall: potoo.readWall() }));
    checkFrame(session, code, wall, what);
    return wall;
  });
}

/** Lets `go()` lead elsewhere and tells the first picture there; on a busy machine a later one is
 * on the screen when it is announced. */
async function firstAfter(session, go) {
  const video = session.page.locator('video');
  await pause(session);
  const seen = await video.evaluateHandle(element => potoo.watch(element));
  await go();
  await session.until('a picture', () => seen.evaluate(({ frames }) => frames.length > 0));
  const { frames: shown } = await seen.jsonValue();
  return shown[0];
}

/** To given seconds: by the address, the field, the timeline and its keys. */
export async function seek(session) {
  const { page, options } = session;
  const { frames, targets } = options;
  const slider = page.getByRole('slider', { name: 'Time of day' });
  await openAt(session, targets[0]);
  await page.getByLabel('Speed').selectOption('0.5');
  await readPaused(session, 'by the address');

  for (const target of targets) {
    const shown = await firstAfter(session, () => goTo(session, target));
    checkFrame(session, shown.code, target, 'by the field', LATEST);
    await readPaused(session, 'by the field, then');
  }

  await zoomIn(session);
  for (const target of targets) {
    const place = await placeOf(slider, frames, target);
    await firstAfter(session, () => slider.click({ position: place }));
    const asked = Date.parse(new URL(page.url()).searchParams.get('t'));
    check(Math.abs(asked - target) < place.resolution, `a click for ${target} asked for ${asked}`);
    const wall = await readPaused(session, 'by the timeline');
    check(wall >= asked - 41 && wall < asked + 5000, `a click at ${asked} led to ${wall}`);
  }

  const before = await readPaused(session, 'before the keys');
  const shown = await firstAfter(session, () => slider.press('Shift+ArrowLeft'));
  checkFrame(session, shown.code, before - 1000, 'by Shift and arrow', LATEST);
  const now = await readPaused(session, 'by Shift and arrow, then');
  const home = await firstAfter(session, () => slider.press('Home'));
  checkFrame(session, home.code, frames[0].wall, 'by Home', LATEST);
  check(now < before, `${now} is not before ${before}`);
}

/** Where on the timeline `ms` lies, by where the first span is drawn. */
async function placeOf(slider, frames, ms) {
  const bar = await slider.boundingBox();
  const span = await slider.locator('.span').first().boundingBox();
  const length = Number(await slider.getAttribute('aria-valuemax')) * 1000;
  const x = span.x - bar.x + ((ms - frames[0].wall) / length) * bar.width;
  check(x > 0 && x < bar.width, `${ms} is not on the timeline`);
  return { x, y: bar.height / 2, resolution: (2 * length) / bar.width };
}

/** hls.js shows the frames that the index has, each at its time: around borders and elsewhere. */
export async function stepThrough(session) {
  const { options } = session;
  const { frames, steps } = options;
  const video = await openAt(session, frames[0].wall);
  await pause(session);
  // The player loads half a minute ahead of where it is, and what it is asked for first.
  const middle = frames[frames.length >> 1].time;
  const last = frames[frames.length - 1];
  const isLoaded = end => video.evaluate((element, time) => element.buffered.length === 1 && element.buffered.end(0) >= time, end);
  await session.until('the first half to be loaded', () => isLoaded(middle), 45_000);
  await video.evaluate((element, time) => potoo.step(element, time), middle);
  await session.until('all to be loaded', () => isLoaded(last.time), 45_000);
  for (const number of steps) {
    const frame = frames[number];
    const end = frames[number + 1]?.time ?? frame.time + 0.04;
    const { time, code } = await video.evaluate((element, middle) => potoo.step(element, middle), (frame.time + end) / 2);
    check(Math.abs(time - frame.time) < 0.001, `frame ${number} is at ${time} instead of ${frame.time}`);
    check(code === frame.position, `frame ${number} is ${code} of the loop instead of ${frame.position}`);
  }
}

/** By buttons and keys, on and back over the border of a file: each frame and its time. */
export async function frameByFrame(session) {
  const { page, options } = session;
  const { frames, border } = options;
  const video = await openAt(session, frames[border - 3 * FPS].wall);
  await page.getByLabel('Speed').selectOption('0.5');
  await session.until('two frames', () => video.evaluate(element => element.getVideoPlaybackQuality().totalVideoFrames > 4));
  await pause(session);
  const seen = await video.evaluateHandle(element => potoo.watch(element));
  // The player's own step may be a frame off where it stood; from then on none is left out.
  await press(session, 'One frame forward');
  await pause(session);
  const readNumber = async () => {
    const { code, wall, behindS } = await video.evaluate(
      (element, { frames: shown }) => ({
        code: potoo.readCode(element),
        wall: potoo.readWall(),
        behindS: element.currentTime - (shown.at(-1)?.time ?? -1),
      }),
      seen,
    );
    if (behindS < -0.001 || behindS > 1 / FPS) return null; // what was asked for is not on the screen yet
    const number = frames.findIndex(frame => frame.position === code);
    return number >= 0 && Math.abs(frames[number].wall - wall) < 500 / FPS ? number : null;
  };
  let number = await session.until('picture and time to agree', readNumber);
  const expect = async (by, step) => {
    await step();
    number += by;
    await session.until(`frame ${number}`, async () => (await readNumber()) === number);
  };
  for (let i = 0; i < 5; i++) await expect(1, () => press(session, 'One frame forward'));
  for (let i = 0; i < 3; i++) await expect(-1, () => press(session, 'One frame back'));
  await video.focus();
  while (number < border + 2) await expect(1, () => page.keyboard.press('.'));
  for (let i = 0; i < 4; i++) await expect(-1, () => page.keyboard.press(','));
}

/** The view of the timeline: closer around the pointer, earlier and later, and what follows what. */
export async function moveTimeline(session) {
  const { page, options } = session;
  const slider = page.getByRole('slider', { name: 'Time of day' });
  const readLength = async () => Number(await slider.getAttribute('aria-valuemax'));
  const readTicks = () => page.locator('.ticks').innerText();
  await openAt(session, options.frames[0].wall);
  await pause(session);
  while (await page.getByRole('button', { name: 'Show more time' }).isEnabled()) await press(session, 'Show more time');
  const whole = await readLength();
  check(whole === 86_400, `all of the day is ${whole} s`);
  check(await page.getByRole('button', { name: 'Show earlier' }).isDisabled(), 'there is nothing earlier than all');
  // With Ctrl the wheel goes closer; the page does not.
  await slider.hover();
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -100);
  await page.keyboard.up('Control');
  await session.until('6 hours', async () => (await readLength()) === 21_600);
  const ticks = await readTicks();
  await press(session, 'Show earlier');
  await session.until('other times', async () => (await readTicks()) !== ticks);
  await press(session, 'Show later');
  await session.until('the same times', async () => (await readTicks()) === ticks);
  await slider.hover();
  await page.mouse.wheel(300, 0);
  await session.until('later times', async () => (await readTicks()) !== ticks);
  await slider.press('-');
  await session.until('all of the day', async () => (await readLength()) === whole);
}
