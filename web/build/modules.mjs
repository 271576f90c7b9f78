// SPDX-License-Identifier: GPL-3.0-or-later

// Sees to it that web/node_modules holds exactly what package-lock.json says. What is there and
// fits is left alone; else it comes from the tarball that POTOO_NODE_MODULES names (offline
// builds), else from the registry, by `npm ci`.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const WEB = dirname(dirname(fileURLToPath(import.meta.url)));

const readJson = path => JSON.parse(readFileSync(path, 'utf8'));

// Other platforms' binaries are optional; ours is missed as soon as esbuild is loaded.
function listMisfits() {
  const { packages } = readJson(join(WEB, 'package-lock.json'));
  return Object.entries(packages)
    .filter(([path, entry]) => path !== '' && !entry.optional)
    .filter(([path, entry]) => {
      const manifest = join(WEB, path, 'package.json');
      return !existsSync(manifest) || readJson(manifest).version !== entry.version;
    })
    .map(([path]) => path);
}

function unpack(tarball) {
  rmSync(join(WEB, 'node_modules'), { recursive: true, force: true });
  execFileSync('tar', ['-xf', tarball, '-C', WEB, 'node_modules'], { stdio: 'inherit' });
}

function fetchPackages() {
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['ci', ...options], { cwd: WEB, stdio: ['ignore', 'inherit', 'inherit'] });
}

function install() {
  if (listMisfits().length === 0) return;
  const tarball = process.env.POTOO_NODE_MODULES;
  if (tarball) unpack(tarball);
  else fetchPackages();
  const misfits = listMisfits();
  if (misfits.length > 0)
    throw new Error(`${tarball ?? 'npm ci'} did not bring ${misfits.join(', ')} as package-lock.json wants`);
}

// Several build directories share web/node_modules, so one at a time.
export function ensureModules() {
  if (listMisfits().length === 0) return;
  const lock = join(WEB, 'package-lock.json');
  execFileSync('flock', [lock, process.execPath, fileURLToPath(import.meta.url)], { stdio: 'inherit' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) install();
