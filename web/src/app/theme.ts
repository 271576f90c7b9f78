// SPDX-License-Identifier: GPL-3.0-or-later

// Light or dark, as the system has it or as chosen here. start.js sets it before anything is drawn.

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'potoo-theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');

export function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'auto';
  } catch {
    return 'auto'; // storage is switched off
  }
}

function applyTheme(theme: Theme): void {
  const isDark = theme === 'dark' || (theme === 'auto' && system.matches);
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
}

export function chooseTheme(theme: Theme): void {
  applyTheme(theme);
  try {
    if (theme === 'auto') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // It holds for this page only.
  }
}

export function startTheme(): void {
  system.addEventListener('change', () => applyTheme(readTheme()));
}
