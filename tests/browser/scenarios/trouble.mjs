// SPDX-License-Identifier: GPL-3.0-or-later

// What is not there, why, and what the page says of it.

import { check } from '../lib/session.mjs';
import { checkMoves } from '../lib/player.mjs';

const HOUR_MS = 3_600_000;

/** A camera goes away and comes back, in the list and on its own page. */
export async function away(session) {
  const { page, options } = session;
  session.tolerate(/status of (503|404)/); // what was being fetched when it went
  await session.open('/');
  const card = page.getByRole('listitem').filter({ hasText: options.name });
  await card.locator('[data-state=streaming]').waitFor();
  await card.getByRole('link', { name: options.name, exact: true }).click();
  await checkMoves(session);
  await session.ask('refuse', 'on');
  await page.locator('[data-state=backing-off]').first().waitFor();
  const words = page.locator('.overlay-words');
  const reason = await words.innerText();
  const countdown = page.getByText(/^Next try in \d+ s/);
  let before = await readCountdown(session);
  await session.until('the countdown to count', async () => {
    const last = before;
    before = await readCountdown(session);
    return before < last; // it begins anew after each try
  });
  await page.getByRole('link', { name: 'Cameras', exact: true }).first().click();
  await card.locator('[data-state=backing-off]').waitFor();
  const inList = await card.innerText();
  await page.goBack();
  await session.ask('refuse', 'off');
  await page.locator('[data-state=streaming]').first().waitFor({ timeout: 30_000 });
  await checkMoves(session);
  check((await words.count()) === 0 && (await countdown.count()) === 0, 'the reason still stands there');
  check(await session.isMarked(), 'the page was loaded anew');
  return { reason, inList };
}

async function readCountdown(session) {
  const words = session.page.locator('.countdown').first();
  return session.until('a countdown', async () => {
    const found = (await words.count()) > 0 && /(\d+) s/.exec(await words.innerText());
    return found && Number(found[1]);
  });
}

/** Processors are too few, which the page says until it is over. */
export async function overloaded(session) {
  const banner = session.page.getByText('The processor is overloaded; recording goes first');
  session.tolerate(/status of 503/); // pictures that are not made
  await session.open('/');
  check((await banner.count()) === 0, 'it is said before it is so');
  await session.ask('wait', 50);
  await banner.waitFor({ timeout: 30_000 });
  await session.ask('wait', 0);
  await banner.waitFor({ state: 'detached', timeout: 45_000 });
}

/** Video that this browser cannot decode is shown as single pictures. */
export async function undecodable(session) {
  const { page, options } = session;
  await session.open(`/cameras/${options.id}`);
  await page.getByText('This browser cannot play H.265 video').waitFor();
  check((await page.locator('video').count()) === 0, 'there is a video all the same');
  const picture = page.getByRole('img', { name: `${options.name} now` });
  const read = () => picture.evaluate(image => potoo.readCode(image)).catch(() => null);
  const first = await session.until('a picture', read);
  await session.until('another picture', async () => {
    const code = await read();
    return code !== null && code !== first;
  });
  await page.getByRole('link', { name: 'Recordings' }).click();
  await session.until('recordings', () => page.locator('.timeline .span').count());
  await page.getByRole('button', { name: /^Play, or choose/ }).click();
  await page.getByText('This browser cannot play H.265 video.').waitFor();
}

/** A day and a moment without recordings name the nearest that there are. */
export async function nothing(session) {
  const { page, options } = session;
  session.tolerate(/status of 404/); // the answer that names them
  await session.open(`/recordings/${options.id}`);
  await session.until('recordings', () => page.locator('.timeline .span').count());
  await page.getByRole('button', { name: 'Previous day' }).click();
  await page.getByRole('heading', { name: /^Nothing was recorded on/ }).waitFor();
  await page.getByRole('link', { name: /^Later:/ }).click();
  await checkMoves(session);
  await session.open(`/recordings/${options.id}?t=${new Date(Date.now() - 48 * HOUR_MS).toISOString()}`);
  await page.getByRole('heading', { name: /^Nothing was recorded on/ }).waitFor();
  await page.getByRole('link', { name: /^Later:/ }).waitFor();
  for (const path of ['/recordings/never-recorded', '/cameras/never-recorded']) {
    await session.open(path);
    await page.getByRole('heading', { name: /^There is no camera .never-recorded/ }).waitFor();
  }
}

/** A file goes while it is being played: said, and the next one is played. */
export async function deleted(session) {
  const { page, context, options } = session;
  session.tolerate(/status of (404|503)/); // it is gone; what comes next may have no whole GOP yet
  // Held up until it is gone, since a player loads far ahead.
  let gone = null;
  await context.route(`**/segments/${options.segment}/media.mp4*`, async route => {
    gone ??= session.ask('removeFile');
    await gone.catch(error => session.complain(error.message));
    await route.continue();
  });
  await session.open(`/recordings/${options.id}?t=${new Date(options.start).toISOString()}`);
  await page.getByText(/^The recording of .* has been deleted meanwhile/).waitFor({ timeout: 30_000 });
  await checkMoves(session);
  const wall = await page.evaluate(() => potoo.readWall());
  check(wall >= options.resume - 50, `it goes on at ${wall}`);
  check(await session.isMarked(), 'the page was loaded anew');
}

/** The daemon is stopped and started again under an open page. */
export async function restart(session) {
  const { page, options } = session;
  await session.open(`/cameras/${options.id}`);
  await checkMoves(session);
  session.tolerate(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|status of 503/);
  await session.ask('stop');
  const banner = page.getByText('No connection to Potoo.');
  await banner.waitFor();
  await session.ask('start');
  await banner.waitFor({ state: 'hidden', timeout: 45_000 });
  await page.locator('[data-state=streaming]').first().waitFor({ timeout: 30_000 });
  await checkMoves(session, 30_000);
  check(await session.isMarked(), 'the page was loaded anew');
  return session.requests.filter(request => request === 'GET /api/v1/cameras').length;
}
