// SPDX-License-Identifier: GPL-3.0-or-later

// Adding, changing and removing cameras.

import { check } from '../lib/session.mjs';
import { tabTo } from '../lib/keyboard.mjs';
import { checkMoves, stateOf } from '../lib/player.mjs';

const field = (page, name) => page.getByRole('textbox', { name, exact: true });

/** From the empty first page to the moving picture. */
export async function add(session) {
  const { page, options } = session;
  const { address, name, tracks } = options;
  await session.open('/');
  await page.getByRole('link', { name: 'Add camera' }).first().click();
  await field(page, 'Address').fill(address);
  await page.getByRole('button', { name: 'Test connection' }).click();
  const picture = page.getByRole('img', { name: 'What the camera sees' });
  await picture.waitFor();
  for (const track of tracks) await page.getByText(track).waitFor();
  const code = await picture.evaluate(async image => {
    await image.decode();
    return potoo.readCode(image);
  });
  check(code !== null, 'the picture of the test is none of the camera’s');

  await session.ask('fault', 'stall', 'on');
  await field(page, 'Name').fill(name);
  await page.getByRole('button', { name: 'Add camera' }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
  check((await stateOf(page)) !== 'streaming', 'it streams although nothing comes');
  await session.ask('fault', 'stall', 'off');
  await page.locator('[data-state=streaming]').waitFor();
  await checkMoves(session);
  check(await session.isMarked(), 'the page was loaded anew');
  // Everything else came by the stream of changes.
  const asked = session.requests.filter(request => request === 'GET /api/v1/cameras');
  check(asked.length === 1, `the list of cameras was read ${asked.length} times`);
  return new URL(page.url()).pathname;
}

/** A new camera continues what a removed one has recorded. */
export async function adopt(session) {
  const { page, options } = session;
  await session.open('/cameras/new');
  await field(page, 'Address').fill(options.address);
  await field(page, 'Name').fill(options.name);
  await page.getByRole('combobox', { name: 'Continues the recordings of' }).selectOption(options.id);
  await page.getByRole('button', { name: 'Add camera' }).click();
  await page.getByRole('heading', { name: options.name, level: 1 }).waitFor();
  await page.locator('[data-state=streaming]').waitFor();
  return new URL(page.url()).pathname;
}

/** Errors of the form stand at their field and are read out. */
export async function errors(session) {
  const { page } = session;
  session.tolerate(/status of 400/);
  await session.open('/cameras/new');
  const submit = page.getByRole('button', { name: 'Add camera' });
  const wrong = async name => {
    const control = field(page, name);
    await session.until(`${name} to be wrong`, async () => (await control.getAttribute('aria-invalid')) === 'true');
    await session.until(`${name} to have the focus`, () => control.evaluate(element => element === document.activeElement));
    const ids = (await control.getAttribute('aria-describedby')).split(' ');
    const texts = await Promise.all(ids.map(id => page.locator(`[id="${id}"]`).innerText()));
    check((await page.locator('[aria-invalid=true]').count()) === 1, 'more than one field is wrong');
    return texts.join(' ');
  };
  const found = {};
  await submit.click();
  found.name = await wrong('Name');
  await field(page, 'Name').fill('Garage');
  await submit.click();
  found.empty = await wrong('Address');
  await field(page, 'Address').fill('http://127.0.0.1/');
  await submit.click();
  found.scheme = await wrong('Address');
  await field(page, 'Address').fill('rtsp://');
  await page.getByRole('button', { name: 'Test connection' }).click();
  found.test = await wrong('Address');
  return found;
}

/** A wrong password is told in words; when it is mended the picture comes. */
export async function mendPassword(session) {
  const { page, options } = session;
  await session.open(`/cameras/${options.id}`);
  await page.locator('[data-state=auth-failed]').waitFor();
  const reason = await page.locator('.overlay-words').innerText();
  await page.getByRole('link', { name: 'Settings' }).click();
  await field(page, 'Password').fill(options.password);
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByText('The camera answers.').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('[data-state=streaming]').waitFor();
  await checkMoves(session);
  check(await session.isMarked(), 'the page was loaded anew');
  return reason;
}

/** Another wrong one, tried in the form. */
export async function testPassword(session) {
  const { page, options } = session;
  await session.open(`/cameras/${options.id}/edit`);
  await field(page, 'Password').fill('wrong');
  await page.getByRole('button', { name: 'Test connection' }).click();
  const outcome = page.getByText('The test failed.');
  await outcome.waitFor();
  return outcome.locator('..').innerText();
}

export async function rename(session) {
  const { page, options } = session;
  await session.open(`/cameras/${options.id}/edit`);
  await field(page, 'Name').fill(options.name);
  await page.getByRole('radio', { name: 'Never' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: options.name, level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Cameras', exact: true }).first().click();
  const card = page.getByRole('listitem').filter({ hasText: options.name });
  await card.getByText('Not recorded').waitFor();
}

/** Two people change one camera: the second is told, and nothing is overwritten. */
export async function conflict(session) {
  const { page, options } = session;
  session.tolerate(/status of 412/);
  await session.open(`/cameras/${options.id}/edit`);
  await field(page, 'Name').waitFor();
  await session.ask('patch', { name: 'Of the other' });
  await field(page, 'Name').fill('Mine');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Someone else changed this camera').waitFor();
}

/** Who leaves the form while it is being saved is not called back. */
export async function leave(session) {
  const { page, context, options } = session;
  let letGo = null;
  const left = new Promise(resolve => {
    letGo = resolve;
  });
  await context.route(`**/api/v1/cameras/${options.id}`, async route => {
    if (route.request().method() === 'PATCH') await left;
    await route.continue();
  });
  await session.open(`/cameras/${options.id}/edit`);
  await field(page, 'Name').fill(options.name);
  const saved = page.waitForResponse(response => response.request().method() === 'PATCH');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('link', { name: 'Storage', exact: true }).click();
  const heading = page.getByRole('heading', { name: 'Storage', level: 1 });
  await heading.waitFor();
  letGo();
  await (await saved).finished();
  await page.evaluate(() => fetch('/healthz').then(answer => answer.text()));
  check(await heading.isVisible(), `it went to ${page.url()}`);
}

/** The clock of the browser is a day and two hours slow: pictures, and today, are the recorder's. */
export async function slowClock(session) {
  const { page, context, options } = session;
  session.tolerate(/status of (404|503)/); // nothing may be recorded yet, and no picture be there
  await context.addInitScript(() => {
    const now = Date.now.bind(Date);
    const RealDate = Date;
    window.Date = class extends RealDate {
      constructor(...parts) {
        if (parts.length > 0) super(...parts);
        else super(window.Date.now());
      }
      static now() {
        return now() - 26 * 3_600_000;
      }
    };
    window.readToday = () => new RealDate().toLocaleDateString('sv');
  });
  await session.open('/');
  await page.locator('.snapshot img').first().waitFor();
  // Opened again where the machine is so slow that the page did not wait for the recorder's clock.
  await session.until('the recordings of today', async () => {
    await session.open(`/recordings/${options.id}`);
    const shown = await page.getByLabel('Day', { exact: true }).and(page.locator('input')).inputValue();
    return shown === (await page.evaluate(() => window.readToday()));
  });
}

export async function remove(session) {
  const { page, options } = session;
  await session.open(`/cameras/${options.id}/edit`);
  const button = page.getByRole('button', { name: 'Remove camera …' });
  await button.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'hidden' });
  check(await session.ask('exists'), 'it was removed although that was cancelled');
  await button.click();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('heading', { name: 'Cameras', level: 1 }).waitFor();
  const card = page.getByRole('listitem').filter({ hasText: options.name });
  await session.until('the camera to be gone', async () => (await card.count()) === 0);
}

/** The page is there, and its heading has the focus: on a busy machine a little later. */
async function onPage(session, name) {
  await session.page.getByRole('heading', { name, level: 1 }).waitFor();
  await session.until(`“${name}” to have the focus`, () =>
    session.page.evaluate(heading => {
      const { tagName, innerText } = document.activeElement;
      return tagName === 'H1' && innerText === heading;
    }, name),
  );
}

/** The whole way without a mouse. */
export async function keyboard(session) {
  const { page, options } = session;
  const { keyboard: keys } = page;
  await session.open('/');
  await tabTo(session, 'Skip to content');
  await tabTo(session, 'Add camera');
  await keys.press('Enter');
  await onPage(session, 'Add camera');
  await tabTo(session, 'Address');
  await keys.type(options.address);
  await tabTo(session, 'Test connection');
  await keys.press('Space');
  await page.getByText('The camera answers.').waitFor();
  await tabTo(session, 'Name');
  await keys.type(options.name);
  await keys.press('Enter');
  await onPage(session, options.name);
  await page.locator('[data-state=streaming]').waitFor();
  await checkMoves(session);

  const isPaused = () => page.locator('video').evaluate(video => video.paused);
  await tabTo(session, `${options.name}, live`);
  await keys.press('Space');
  await session.until('the video to pause', isPaused);
  await tabTo(session, 'Play');
  await keys.press('Enter');
  await session.until('the video to go on', async () => !(await isPaused()));

  await session.ask('waitRecorded');
  await session.until('something to be recorded', () => page.locator('.timeline .span').count());
  await tabTo(session, 'Play from a time of today');
  await keys.press('Home');
  await onPage(session, 'Recordings');
  await checkMoves(session);
  await page.goBack();
  await onPage(session, options.name);
  await tabTo(session, 'Settings');
  await keys.press('Enter');
  await onPage(session, 'Settings');
  await tabTo(session, 'Remove camera …');
  await keys.press('Enter');
  await page.getByRole('dialog').waitFor();
  await keys.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await tabTo(session, 'Remove camera …', 0); // where it was
  await keys.press('Enter');
  await tabTo(session, 'Remove');
  await keys.press('Enter');
  await page.getByRole('heading', { name: 'Cameras', level: 1 }).waitFor();
}
