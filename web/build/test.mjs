// SPDX-License-Identifier: GPL-3.0-or-later

// Runs tests/*.test.ts under Node's own test runner; Node 18 reads no TypeScript, so they are
// bundled first.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WEB, ensureModules } from './modules.mjs';

ensureModules();
const { build } = await import('esbuild');
const directory = mkdtempSync(join(tmpdir(), 'potoo-ui-tests-'));
let status = 1;
try {
  const tests = readdirSync(join(WEB, 'tests')).filter(name => name.endsWith('.test.ts'));
  await build({
    absWorkingDir: WEB,
    entryPoints: tests.map(name => `tests/${name}`),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node18',
    format: 'esm',
    sourcemap: 'inline',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { POTOO_LANGUAGES: '{}', POTOO_LICENCES: '""' },
  });
  const files = tests.map(name => join(directory, name.replace(/\.ts$/, '.mjs')));
  // Zones with daylight saving time, whatever the machine's own is.
  status = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
    stdio: 'inherit',
    env: { ...process.env, TZ: 'Europe/Berlin' },
  }).status ?? 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(status);
