// SPDX-License-Identifier: GPL-3.0-or-later

// Every page is looked at: for faults, and for who wants to see how it looks, as a picture.

import { check } from '../lib/session.mjs';
import { inspect } from '../lib/inspect.mjs';
import { checkMoves, pause, zoomIn } from '../lib/player.mjs';

const DAY_MS = 86_400_000;

const listDays = page => page.getByRole('list', { name: 'Recorded of the last days' });

/** What there is to see: how one comes there, by name. */
const views = {
  async cameras({ page }, { count }) {
    await page.locator('.card').nth(count - 1).waitFor();
    for (const card of await page.locator('.card:has([data-state=streaming])').all()) {
      await card.scrollIntoViewIfNeeded();
      await card.locator('.snapshot img').waitFor();
    }
    await page.evaluate(() => scrollTo(0, 0));
    await page.locator('[data-state=backing-off]').waitFor();
  },
  async add({ page }) {
    await page.getByRole('button', { name: 'Add camera' }).waitFor();
  },
  async added({ page }, { address }) {
    await page.getByRole('textbox', { name: 'Address', exact: true }).fill(address);
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByRole('img', { name: 'What the camera sees' }).waitFor();
    await page.getByRole('button', { name: 'Add camera' }).click();
    await page.locator('[aria-invalid=true]').waitFor();
  },
  async refused({ page }, { away }) {
    await page.getByRole('textbox', { name: 'Address', exact: true }).fill(away);
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('The test failed.').waitFor();
  },
  async live(session) {
    await checkMoves(session);
    await session.page.locator('.timeline .span').first().waitFor();
  },
  async away({ page }) {
    await page.locator('.overlay-words').waitFor();
  },
  async disabled({ page }) {
    await page.getByRole('heading', { name: 'This camera is switched off' }).waitFor();
  },
  async edit({ page }) {
    await page.getByRole('radio', { name: 'By schedule' }).check();
    await page.locator('.brush-choice').nth(1).click();
    await page.getByRole('button', { name: 'Saturday: paint the whole day' }).click();
    for (const fold of await page.locator('summary').all()) await fold.click();
  },
  async lock({ page }) {
    await page.getByRole('button', { name: 'Lock …' }).click();
    await page.getByRole('dialog').waitFor();
  },
  async storage({ page }) {
    await page.getByRole('row', { name: /^Front door/ }).waitFor();
    await page.getByRole('button', { name: 'Verify now' }).waitFor();
  },
  async nowhere({ page }) {
    await page.getByRole('heading', { name: 'Page not found' }).waitFor();
  },
  async remove({ page }) {
    await page.getByRole('button', { name: 'Remove camera …' }).click();
    await page.getByRole('dialog').waitFor();
  },
  async recordings(session) {
    await checkMoves(session);
    await listDays(session.page).getByRole('button', { name: /[\d.]+ % recorded/ }).waitFor();
    await pause(session);
  },
  async zoomed(session) {
    await checkMoves(session);
    await zoomIn(session);
    await pause(session);
    await session.page.getByRole('slider').hover();
  },
  async empty({ page }) {
    await page.getByRole('heading', { name: /^Nothing was recorded on/ }).waitFor();
    await page.getByRole('link', { name: /^Later:/ }).waitFor();
    // By its keys to the day before that one.
    await listDays(page).locator('button').nth(11).press('Enter');
    await listDays(page).locator('li:nth-child(12) [aria-current="date"]').waitFor();
    await page.getByRole('heading', { name: /^Nothing was recorded on/ }).waitFor();
  },
  async unknown({ page }) {
    await page.getByRole('heading', { name: 'Camera not found' }).waitFor();
  },
};

function listPaths({ start }) {
  const t = ms => `?t=${new Date(ms).toISOString()}`;
  return {
    cameras: '/',
    add: '/cameras/new',
    added: '/cameras/new',
    refused: '/cameras/new',
    live: '/cameras/front',
    away: '/cameras/away',
    disabled: '/cameras/off',
    edit: '/cameras/front/edit',
    remove: '/cameras/front/edit',
    recordings: `/recordings/front${t(start)}`,
    lock: `/recordings/front${t(start)}`,
    storage: '/storage',
    nowhere: '/nowhere',
    zoomed: `/recordings/front${t(start)}`,
    empty: `/recordings/front${t(start - DAY_MS)}`,
    unknown: '/cameras/none',
  };
}

/** In both colours; what is wrong. */
export async function look(session, name) {
  const { page, size } = session;
  const faults = [];
  await page.evaluate(() => scrollTo(0, 0)); // else what stays on top is in the middle of the picture
  for (const colours of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme: colours });
    await session.until(`${colours} colours`, () => page.evaluate(hasColours, colours));
    faults.push(...(await inspect(session)).map(fault => `${name}, ${colours}, ${fault}`));
    await session.screenshot(`${name}-${size}-${colours}`, { fullPage: true });
  }
  return faults;
}

/** And they have stopped changing. */
function hasColours(colours) {
  const changes = document.getAnimations().filter(animation => animation instanceof CSSTransition);
  return changes.length === 0 && document.documentElement.dataset.theme === colours;
}

/** All pages of a daemon with cameras; gives the faults. */
export async function all(session) {
  const { options } = session;
  session.tolerate(/status of 404/); // of a day without recordings
  const faults = [];
  for (const [name, path] of Object.entries(listPaths(options))) {
    await session.open(path);
    await views[name](session, options);
    faults.push(...(await look(session, name)));
  }
  return faults;
}

/** The first page of a new daemon. */
export async function first(session) {
  await session.open('/');
  await session.page.getByRole('heading', { name: 'Add your first camera' }).waitFor();
  return look(session, 'first');
}

/** Colours are chosen by the button and kept. */
export async function theme(session) {
  const { page } = session;
  const read = () => page.evaluate(() => document.documentElement.dataset.theme);
  await session.open('/');
  const button = page.getByRole('button', { name: /^Colours:/ });
  await button.click();
  await page.getByRole('button', { name: 'Colours: light' }).waitFor();
  check((await read()) === 'light', 'it is not light');
  await button.click();
  await page.reload();
  await page.getByRole('button', { name: 'Colours: dark' }).waitFor();
  check((await read()) === 'dark', 'it is not dark after loading anew');
}

/** In German, when that is what the reader chooses; its words are longer, and there is room for them. */
export async function language(session) {
  const { page } = session;
  await session.open('/');
  await page.getByLabel('Language').selectOption('de');
  await page.getByRole('heading', { name: 'Kameras', level: 1 }).waitFor();
  check((await page.evaluate(() => document.documentElement.lang)) === 'de', 'the language is not said');
  const faults = await look(session, 'german');
  for (const path of ['/cameras/new', '/cameras/front', '/cameras/front/edit', '/recordings/front', '/storage']) {
    await session.open(path);
    await page.locator('#main h1').waitFor();
    await session.until('what is to come', async () => (await page.locator('#main > .spinner, .narrow > .spinner').count()) === 0);
    faults.push(...(await inspect(session)).map(fault => `german, ${path}, ${fault}`));
  }
  return faults;
}

export async function withoutScript(session) {
  const { page } = session;
  await page.goto(session.origin);
  const heading = page.getByRole('heading', { name: 'this page needs JavaScript' });
  await heading.waitFor();
  const { y } = await heading.boundingBox();
  check(y < 200, `one has to scroll to ${y} to see it`);
  await session.screenshot(`noscript-${session.size}`, { fullPage: true });
  return page.getByRole('link').count();
}

export async function oldBrowser(session) {
  const { context, page } = session;
  await context.addInitScript(() => delete window.EventSource);
  await page.goto(session.origin);
  const heading = page.getByRole('heading', { name: /^This browser is too old/ });
  await heading.waitFor();
  const { y } = await heading.boundingBox();
  check(y < 200, `one has to scroll to ${y} to see it`);
  await session.screenshot(`old-${session.size}`, { fullPage: true });
  check((await page.locator('#app').innerText()) === '', 'the application was started');
}
