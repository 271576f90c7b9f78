// SPDX-License-Identifier: GPL-3.0-or-later

// When it is recorded, what is marked and locked, and what the disks hold.

import { check } from '../lib/session.mjs';
import { checkMoves, pause } from '../lib/player.mjs';
import { look } from './pages.mjs';

/** A week painted by mouse or finger, and by keyboard. */
export async function schedule(session) {
  const { page, options, size } = session;
  await session.open(`/cameras/${options.id}/edit`);
  await page.getByRole('radio', { name: 'By schedule' }).check();
  await page.locator('.brush-choice', { hasText: 'On events' }).click();
  const cell = (day, hour) => page.locator(`[data-cell="${day}-${hour}"]`);
  await cell(4, 17).scrollIntoViewIfNeeded();
  if (size === 'narrow') {
    for (const day of [0, 1, 2, 3, 4]) await cell(day, 8).tap();
  } else {
    await cell(0, 8).hover();
    await page.mouse.down();
    await cell(4, 17).hover();
    await page.mouse.up();
  }
  await page.locator('.brush-choice', { hasText: 'Never' }).click();
  await page.getByRole('button', { name: 'Sunday: paint the whole day' }).click();
  await cell(5, 0).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowRight');
  const words = await cell(5, 1).getAttribute('aria-label');
  check(words === 'Saturday, 01:00 to 02:00: Never', words);
  await page.getByRole('textbox', { name: 'Keep from before an event' }).fill('12');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('by schedule', { exact: true }).waitFor();
  // It is there again, as a picture and as text.
  await session.open(`/cameras/${options.id}/edit`);
  check((await cell(6, 12).getAttribute('aria-label')) === 'Sunday, 12:00 to 13:00: Never', 'the week was not read');
  await page.getByText('As text, to the minute').click();
  return page.getByRole('textbox', { name: 'Schedule' }).inputValue();
}

/** What the daemon says of a text and of numbers stands at their field, also in a fold. */
export async function wrong(session) {
  const { page, options } = session;
  session.tolerate(/status of 400/);
  await session.open(`/cameras/${options.id}/edit`);
  const at = async name => {
    await page.getByRole('button', { name: 'Save' }).click();
    const control = page.getByRole('textbox', { name, exact: true });
    await session.until(`${name} to be wrong`, async () => (await control.getAttribute('aria-invalid')) === 'true');
    check(await control.isVisible(), `${name} is folded away`);
    return control.locator('xpath=ancestor::div[contains(@class,"field")][1]').innerText();
  };
  await page.getByRole('radio', { name: 'By schedule' }).check();
  await page.getByText('As text, to the minute').click();
  await page.getByRole('textbox', { name: 'Schedule' }).fill('mon-fri 00:00-24:00 event');
  const week = await at('Schedule');
  await page.getByRole('group', { name: 'When to record' }).getByRole('radio', { name: 'Always' }).check();
  await page.getByText('Limits and storage').click();
  await page.getByRole('textbox', { name: 'Guaranteed' }).fill('many');
  await page.getByText('Limits and storage').click();
  return { week, number: await at('Guaranteed') };
}

/** Begins and ends here; what others begin is seen as well. */
export async function record(session) {
  const { page, options } = session;
  await session.open(`/cameras/${options.id}`);
  await page.getByRole('button', { name: 'Record now' }).click();
  await page.getByText(/^Recording for/).waitFor();
  const events = await session.ask('events');
  await page.getByRole('button', { name: 'Stop recording' }).click();
  await page.getByRole('button', { name: 'Record now' }).waitFor();
  await session.ask('start', 60);
  await page.getByText(/^Recording, .* left$/).waitFor();
  await page.getByRole('button', { name: 'Stop recording' }).click();
  await page.getByRole('button', { name: 'Record now' }).waitFor();
  check(await session.isMarked(), 'the page was loaded anew');
  return events;
}

/** A bookmark where the player is, and a lock around it. */
export async function marks(session) {
  const { page, options } = session;
  await session.open(`/recordings/${options.id}?t=${options.start}`);
  await checkMoves(session);
  await pause(session);
  await page.getByRole('button', { name: 'Bookmark', exact: true }).click();
  await page.getByRole('textbox', { name: 'What is to be seen' }).fill('A <b>cat</b>');
  await page.getByRole('button', { name: 'Add bookmark' }).click();
  await page.getByText('Bookmark: A <b>cat</b>').waitFor();
  await page.locator('.timeline .mark-bookmark').first().waitFor();

  await page.getByRole('button', { name: 'Lock …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Lock', exact: true }).click();
  await dialog.getByText('Say why').waitFor();
  await dialog.getByLabel('From').fill(await page.evaluate(() => `${new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)}T23:30:15`));
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('For the police');
  await dialog.getByRole('combobox', { name: 'For how long' }).selectOption('30');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
  check(await page.evaluate(() => document.activeElement.innerText.startsWith('Lock')), 'the focus is not back where it was');
  await page.getByText('For the police').waitFor();
  await page.locator('.timeline .locked').waitFor();
  const locks = await session.ask('locks');
  // A click on the event plays it.
  await page.getByText('Bookmark: A <b>cat</b>').click();
  await checkMoves(session);
  await page.getByRole('button', { name: 'Unlock “For the police”' }).click();
  await dialog.getByRole('button', { name: 'Unlock', exact: true }).click();
  await session.until('the lock to go', async () => (await page.locator('.timeline .locked').count()) === 0);
  await page.getByRole('button', { name: /^Remove the bookmark/ }).click();
  await session.until('the bookmark to go', async () => (await page.locator('.timeline .mark-bookmark').count()) === 0);
  await session.until('the focus at its list', () => page.evaluate(() => document.activeElement.innerText === 'Events'));
  return locks;
}

/** The disk, the cameras, and a verification that begins and ends. */
export async function storage(session) {
  const { page } = session;
  await session.open('/');
  await page.getByRole('link', { name: 'Storage' }).click();
  await page.getByRole('heading', { name: 'Storage', level: 1 }).waitFor();
  const root = await page.locator('[data-root]').first().innerText();
  const row = await page.getByRole('row').nth(1).innerText();
  await page.getByRole('button', { name: 'Verify now' }).click();
  const outcome = page.locator('.verify-outcome .message');
  await outcome.waitFor();
  return { root, row, outcome: await outcome.innerText() };
}

/** A clock that is set twice; gives what is wrong with how that looks. */
export async function clock(session) {
  const { page } = session;
  const dialog = page.getByRole('dialog');
  const ask = page.getByRole('button', { name: 'Correct times …' });
  const confirm = dialog.getByRole('button', { name: 'Correct times', exact: true });
  const open = async () => {
    const answer = page.waitForResponse(/\/api\/v1\/clock$/);
    await session.open('/storage');
    await answer;
    await page.getByRole('button', { name: 'Verify now' }).waitFor();
  };
  const waitCorrected = count =>
    session.until('the times to be corrected', async () => (await page.getByText('Corrected', { exact: true }).count()) === count);

  await open();
  check((await page.locator('.clock').count()) === 0, 'a clock that was not set is shown');
  await session.ask('set', 3720);
  await open();
  await page.getByRole('heading', { name: /^On .* at .* the clock was set forward by 1\sh\s2\smin\.$/ }).waitFor();
  await page.getByText(/1\sh\s2\smin behind the new one/).waitFor();
  await ask.focus();
  await page.keyboard.press('Enter');
  await dialog.getByRole('heading', { name: /^Move recordings 1\sh\s2\smin later/ }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  check(await ask.evaluate(button => button === document.activeElement), 'the focus is not back where it was');
  await ask.click();
  await confirm.click();
  await waitCorrected(1);
  await page.getByText(/moved 1\sh\s2\smin later/).waitFor();
  await session.until('the focus at its heading', () => page.evaluate(() => document.activeElement.id === 'clock'));

  session.tolerate(/status of 409/);
  await session.ask('set', -7200);
  const lock = await session.ask('lock');
  await open();
  await page.getByRole('heading', { name: /the clock was set back by 2\sh\.$/ }).waitFor();
  await ask.click();
  await confirm.click();
  await dialog.getByText(/^The times were not corrected. A lock was added/).waitFor();
  const faults = await look(session, 'clock');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByText(/^The times were not corrected. A lock was added/).waitFor();
  await session.ask('unlock', lock);
  let release;
  const released = new Promise(resolve => {
    release = resolve;
  });
  await page.route(/\/clock\/correct$/, async route => {
    await released;
    await route.continue();
  });
  await ask.click();
  await confirm.click();
  await dialog.getByText('Correcting times …').waitFor();
  check(await confirm.isDisabled(), 'it can be begun twice');
  release();
  await waitCorrected(2);
  check((await ask.count()) === 0, 'what is done can be done again');
  return faults;
}
