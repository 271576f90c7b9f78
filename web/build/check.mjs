// SPDX-License-Identifier: GPL-3.0-or-later

// Checks the types of all TypeScript.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { WEB, ensureModules } from './modules.mjs';

ensureModules();
const compiler = join(WEB, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '--noEmit'], { cwd: WEB, stdio: 'inherit' });
process.exit(status ?? 1);
