// SPDX-License-Identifier: GPL-3.0-or-later

// Builds the user interface:
//
//     build/main.mjs --out DIR [--c-source FILE --depfile FILE]
//
// DIR gets index.html and assets/NAME-HASH.EXT.gz (names by content, cached for ever; always
// sent compressed), and ui.gresource.xml, from which --c-source is made. The daemon serves them
// as they are: src/web/potoo-web-ui.c.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { WEB, ensureModules } from './modules.mjs';
import { TOP, listLanguages, listSources, makeCatalogs } from './translations.mjs';

const PREFIX = '/org/potoo/ui';
const BUDGET = 60 * 1024; // bytes on the wire before the first page shows, scripts only
const NOTICES = ['preact', 'hls.js'];

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    'c-source': { type: 'string' },
    depfile: { type: 'string' },
  },
});
if (!options.out) throw new Error('--out DIRECTORY is missing');
const out = resolve(options.out);
const assets = new Map(); // name → bytes

function addAsset(stem, extension, bytes) {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const name = `${stem}-${hash}${extension}`;
  assets.set(name, Buffer.from(bytes));
  return `/assets/${name}`;
}

function addLicences() {
  const texts = NOTICES.map(name => {
    const directory = join(WEB, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    return `${name} ${version} (${license})\n\n${readFileSync(join(directory, 'LICENSE'), 'utf8')}`;
  });
  return addAsset('licences', '.txt', texts.join('\n\n\n'));
}

async function bundle(define) {
  const { build } = await import('esbuild');
  const result = await build({
    absWorkingDir: WEB,
    entryPoints: { app: 'src/app/main.tsx', style: 'src/styles/main.css' },
    outdir: '/assets',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    publicPath: '/assets',
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    target: ['chrome94', 'firefox98', 'safari15.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    charset: 'utf8',
    legalComments: 'none',
    loader: { '.svg': 'file' },
    metafile: true,
    write: false,
    define,
  });
  for (const file of result.outputFiles) assets.set(basename(file.path), Buffer.from(file.contents));
  return result.metafile;
}

// For browsers of any age, so that it can turn them away.
async function bundleStart() {
  const { build } = await import('esbuild');
  const result = await build({
    absWorkingDir: WEB,
    entryPoints: ['src/app/start.js'],
    bundle: true,
    format: 'iife',
    minify: true,
    target: 'es5',
    write: false,
  });
  return addAsset('start', '.js', result.outputFiles[0].contents);
}

function findEntry(metafile, source) {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === source);
  return { path: `/assets/${basename(found[0])}`, key: found[0], ...found[1] };
}

// What the page loads before it can show anything: the entry and what it imports statically.
function listInitial(metafile, entry) {
  const names = new Set();
  const visit = key => {
    if (names.has(key)) return;
    names.add(key);
    for (const { path, kind } of metafile.outputs[key].imports)
      if (kind === 'import-statement') visit(path);
  };
  visit(entry.key);
  return [...names].map(key => basename(key));
}

function makeIndex(replacements) {
  const template = readFileSync(join(WEB, 'src/index.html'), 'utf8');
  return template.replace(/@([a-z]+)@/g, (_, name) => replacements[name]);
}

function writeOut(index) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, 'assets'), { recursive: true });
  writeFileSync(join(out, 'index.html'), index);
  const sizes = new Map();
  for (const [name, bytes] of assets) {
    const packed = gzipSync(bytes, { level: 9 });
    sizes.set(name, packed.length);
    writeFileSync(join(out, 'assets', `${name}.gz`), packed);
  }
  return sizes;
}

function writeResource(cSource) {
  const files = ['index.html', ...[...assets.keys()].sort().map(name => `assets/${name}.gz`)];
  const xml = join(out, 'ui.gresource.xml');
  writeFileSync(
    xml,
    `<?xml version="1.0" encoding="UTF-8"?>\n<gresources>\n  <gresource prefix="${PREFIX}">\n` +
      files.map(file => `    <file>${file}</file>\n`).join('') +
      '  </gresource>\n</gresources>\n',
  );
  execFileSync('glib-compile-resources', [
    xml, `--sourcedir=${out}`, '--generate-source', '--c-name=potoo_ui', `--target=${cSource}`,
  ]);
}

function writeDepfile(metafile, depfile, target) {
  const paths = [
    ...Object.keys(metafile.inputs)
      .filter(path => !path.startsWith('<'))
      .map(path => join(WEB, path)),
    ...listSources(),
    ...readdirSync(join(WEB, 'build')).map(name => join(WEB, 'build', name)),
    join(WEB, 'src/index.html'),
    join(WEB, 'src/icon.svg'),
    join(WEB, 'src/app/start.js'),
    join(WEB, 'package-lock.json'),
    join(TOP, 'po/LINGUAS'),
    ...listLanguages().map(language => join(TOP, `po/${language}.po`)),
  ];
  const escaped = [...new Set(paths)].map(path => path.replaceAll(' ', '\\ '));
  writeFileSync(depfile, `${target}: ${escaped.join(' ')}\n`);
}

function report(sizes, initial) {
  const total = initial.reduce((sum, name) => sum + sizes.get(name), 0);
  const show = bytes => `${(bytes / 1024).toFixed(1)} KB`;
  for (const [name, size] of [...sizes].sort((a, b) => b[1] - a[1]))
    console.log(`${show(size).padStart(10)}  ${name}${initial.includes(name) ? '  (initial)' : ''}`);
  console.log(`initial scripts: ${show(total)} of ${show(BUDGET)}, compressed`);
  if (total > BUDGET) throw new Error('the initial scripts are over their budget');
}

ensureModules();
const catalogs = await makeCatalogs();
const languages = Object.fromEntries(
  Object.entries(catalogs).map(([language, catalog]) => [
    language,
    addAsset(`text-${language}`, '.json', JSON.stringify(catalog)),
  ]),
);
const metafile = await bundle({
  'POTOO_LANGUAGES': JSON.stringify(languages),
  'POTOO_LICENCES': JSON.stringify(addLicences()),
});
const app = findEntry(metafile, 'src/app/main.tsx');
const icon = readFileSync(join(WEB, 'src/icon.svg'));
const index = makeIndex({
  app: app.path,
  start: await bundleStart(),
  style: findEntry(metafile, 'src/styles/main.css').path,
  icon: addAsset('icon', '.svg', icon),
});
const sizes = writeOut(index);
report(sizes, listInitial(metafile, app));
if (options['c-source']) writeResource(resolve(options['c-source']));
if (options.depfile)
  writeDepfile(metafile, options.depfile, options['c-source']);
