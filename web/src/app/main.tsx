// SPDX-License-Identifier: GPL-3.0-or-later

import { render } from 'preact';
import { loadLanguage } from '../i18n/language';
import { startState } from '../state/app-state';
import { App } from './app';
import { startNavigation } from './navigation';
import { startTheme } from './theme';

await Promise.all([loadLanguage(), startState()]);
startTheme();
startNavigation();
render(<App />, document.getElementById('app') as HTMLElement);
