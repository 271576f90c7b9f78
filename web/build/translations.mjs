// SPDX-License-Identifier: GPL-3.0-or-later

// Turns po/LANGUAGE.po into what the browser reads: the messages that the user interface has, and
// the rule of plurals as a table, since a page under our CSP evaluates no expressions.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { WEB } from './modules.mjs';
import { tabulatePlurals } from './plurals.mjs';

export const TOP = dirname(WEB);
const PO = join(TOP, 'po');
const KEYWORDS = ['_', 'ngettext:1,2', 'pgettext:1c,2'];

export function listSources(directory = join(WEB, 'src')) {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap(entry => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return listSources(path);
      return /\.tsx?$/.test(entry.name) ? [path] : [];
    })
    .sort();
}

export function listLanguages() {
  return readFileSync(join(PO, 'LINGUAS'), 'utf8')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'));
}

// xgettext knows JavaScript but trips over types, so it gets the sources without them. Lines
// move by that: references name files only.
export async function extractMessages(potFile) {
  const { transform } = await import('esbuild');
  const directory = mkdtempSync(join(tmpdir(), 'potoo-ui-strings-'));
  try {
    const names = [];
    for (const path of listSources()) {
      const { code } = await transform(readFileSync(path, 'utf8'), {
        loader: path.endsWith('x') ? 'tsx' : 'ts',
        jsx: 'automatic',
        jsxImportSource: 'preact',
        charset: 'utf8',
      });
      const name = relative(TOP, path);
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), code);
      names.push(name);
    }
    execFileSync('xgettext', [
      '--language=JavaScript', '--from-code=UTF-8', '--add-location=file', '--force-po',
      '--package-name=potoo', '--keyword', ...KEYWORDS.map(keyword => `--keyword=${keyword}`),
      `--directory=${directory}`, '--output', potFile, ...names,
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

// GNU MO, https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html
export function readMo(bytes) {
  const little = bytes.readUInt32LE(0) === 0x950412de;
  const word = offset => (little ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset));
  const text = table => bytes.toString('utf8', word(table + 4), word(table + 4) + word(table));
  const messages = new Map();
  for (let i = 0; i < word(8); i++)
    messages.set(text(word(12) + 8 * i), text(word(16) + 8 * i));
  return messages;
}

function makeCatalog(messages) {
  const header = messages.get('') ?? '';
  const catalog = { plurals: tabulatePlurals(header), messages: {} };
  for (const [id, text] of messages)
    if (id !== '') catalog.messages[id.split('\0')[0]] = text.split('\0');
  return catalog;
}

// {de: {plurals, messages}}: what has no translation is not in it.
export async function makeCatalogs() {
  const directory = mkdtempSync(join(tmpdir(), 'potoo-ui-po-'));
  const catalogs = {};
  try {
    const pot = join(directory, 'ui.pot');
    await extractMessages(pot);
    for (const language of listLanguages()) {
      const po = join(PO, `${language}.po`);
      if (!existsSync(po)) throw new Error(`po/LINGUAS names ${language}, but there is no po/${language}.po`);
      const merged = join(directory, `${language}.po`);
      const compiled = join(directory, `${language}.mo`);
      execFileSync('msgmerge', ['--quiet', '--no-fuzzy-matching', '--output', merged, po, pot]);
      execFileSync('msgfmt', ['--check', '--output', compiled, merged]);
      catalogs[language] = makeCatalog(readMo(readFileSync(compiled)));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return catalogs;
}
