// SPDX-License-Identifier: GPL-3.0-or-later

// What a scenario works with: a fresh profile with one page at a size, and all that is wrong in it,
// seen or not: errors on the console, violations of the content security policy, requests that
// leave our origin.

import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { installEyes } from './eyes.mjs';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
const SIZES = {
  narrow: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  wide: { viewport: { width: 1920, height: 1080 } },
};
const STEP_MS = 15_000; // what a page may take for one thing, on a busy machine

/** Headless, without its sandbox, in a new profile below the temporary directory. */
export function launch() {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS, timeout: 60_000 });
}

/** Where it is about noon, so that a test does not run into the next day. */
function noonZone() {
  const west = new Date().getUTCHours() - 12;
  return west === 0 ? 'Etc/GMT' : `Etc/GMT${west > 0 ? '+' : ''}${west}`;
}

export async function openSession(browser, { size, options, ask, shots }) {
  const context = await browser.newContext({
    ...SIZES[size],
    locale: 'en-GB',
    timezoneId: noonZone(),
    javaScriptEnabled: options.script ?? true,
  });
  context.setDefaultTimeout(STEP_MS);
  const session = new Session(context, { size, options, ask, shots });
  await session.start();
  return session;
}

class Session {
  complaints = [];
  requests = [];
  #tolerated = [];

  constructor(context, { size, options, ask, shots }) {
    this.context = context;
    this.size = size;
    this.options = options;
    this.origin = options.url;
    this.ask = ask;
    this.shots = shots;
  }

  async start() {
    const { context } = this;
    await context.exposeBinding('potooComplain', (_source, text) => this.complain(text));
    await context.addInitScript(installEyes);
    context.on('console', message => {
      if (['error', 'warning'].includes(message.type()))
        this.complain(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', webError => this.complain(`page: ${webError.error().stack}`));
    context.on('request', request => this.#noteRequest(request));
    this.page = await context.newPage();
  }

  /** From here on; what else is expected to be said on the console. */
  tolerate(pattern) {
    this.#tolerated.push(pattern);
  }

  complain(text) {
    if (!this.#tolerated.some(pattern => pattern.test(text))) this.complaints.push(text);
  }

  #noteRequest(request) {
    const { protocol, origin, pathname } = new URL(request.url());
    if (['data:', 'blob:'].includes(protocol)) return;
    if (origin !== this.origin) this.complaints.push(`request to ${request.url()}`);
    this.requests.push(`${request.method()} ${pathname}`);
  }

  async open(path) {
    await this.page.goto(this.origin + path);
    await this.mark();
  }

  /** What is there as long as nothing is loaded anew. */
  async mark() {
    await this.page.evaluate(() => {
      window.potooMark = true;
    });
  }

  async isMarked() {
    return this.page.evaluate(() => window.potooMark === true);
  }

  /** Waits for `look()` to be true and gives what it gave. */
  async until(what, look, timeout = STEP_MS) {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = await look();
      if (found) return found;
      if (Date.now() > deadline)
        throw new Error(`${what}: not within ${timeout} ms, last was ${JSON.stringify(found)}`);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  screenshot(name, options = {}) {
    return this.page.screenshot({ path: join(this.shots, `${name}.png`), ...options });
  }

  /** For who reads of a failure: the page in words, and a picture of it. */
  async describe(name) {
    try {
      await this.screenshot(name);
      const words = await this.page.locator('body').ariaSnapshot();
      return `${this.page.url()}, ${join(this.shots, `${name}.png`)}:\n${words}`;
    } catch (error) {
      return `The page cannot be shown: ${error.message}`;
    }
  }

  async close() {
    await this.context.close();
  }
}

export function check(condition, what) {
  if (!condition) throw new Error(what);
}
