// SPDX-License-Identifier: GPL-3.0-or-later

// Keeps one Chromium and runs scenarios in it, for tests/lib/potoo_browser.py. Lines of JSON:
//
//   in   {"run": "recordings.seek", "size": "narrow", "options": {…}}
//   out  {"ask": "fault", "arguments": ["yard", "drop"]}   something that the test must do
//   in   {"answer": …} or {"refused": "why"}
//   out  {"done": …, "complaints": […]} or {"failed": "why"}
//
// A scenario is an exported function of a file in scenarios/; it is handed a Session.

import { createInterface } from 'node:readline';
import { launch, openSession } from './session.mjs';

const [, , shots] = process.argv;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = message => process.stdout.write(`${JSON.stringify(message)}\n`);

async function hear() {
  const { value, done } = await lines.next();
  if (done) process.exit(0); // the test is over
  return JSON.parse(value);
}

async function ask(name, ...words) {
  say({ ask: name, arguments: words });
  const { answer, refused } = await hear();
  if (refused !== undefined) throw new Error(`${name} ${words.join(' ')}: ${refused}`);
  return answer;
}

async function run(browser, { run: name, size, options }) {
  const [file, scenario] = name.split('.');
  const scenarios = await import(`../scenarios/${file}.mjs`);
  const session = await openSession(browser, { size, options, ask, shots });
  try {
    const done = (await scenarios[scenario](session)) ?? null;
    say({ done, complaints: session.complaints });
  } catch (error) {
    const screen = await session.describe(`failed-${scenario}-${size}`);
    say({ failed: `${error.stack}\n${session.complaints.join('\n')}\n${screen}` });
  } finally {
    await session.close();
  }
}

const browser = await launch();
say({ ready: browser.version() });
for (;;) await run(browser, await hear());
