// SPDX-License-Identifier: GPL-3.0-or-later

// Writes the user interface's strings as a gettext template: build/strings.mjs FILE

import { resolve } from 'node:path';
import { ensureModules } from './modules.mjs';
import { extractMessages } from './translations.mjs';

ensureModules();
await extractMessages(resolve(process.argv[2]));
