// SPDX-License-Identifier: GPL-3.0-or-later

// Which language the page speaks: the one chosen here before, else the first of the browser's that
// there is a translation for, else English.

import { type Catalog, setCatalog } from './text';

const KEY = 'potoo-language';
const RTL = ['ar', 'fa', 'he', 'ur'];

/** In their own words, for the choice. */
export const languageNames: Readonly<Record<string, string>> = { de: 'Deutsch', en: 'English' };

/** The best of `available` for what the reader wants, in order of preference. */
export function pickLanguage(wanted: readonly string[], available: readonly string[]): string {
  for (const tag of wanted) {
    const exact = available.find(language => language.toLowerCase() === tag.toLowerCase());
    const base = tag.split('-')[0]?.toLowerCase();
    const found = exact ?? available.find(language => language.toLowerCase() === base);
    if (found) return found;
  }
  return 'en';
}

export function listLanguages(): string[] {
  return ['en', ...Object.keys(POTOO_LANGUAGES)].sort();
}

let current = 'en';

export function getLanguage(): string {
  return current;
}

/** For Intl: with the reader's region where the browser names one of this language. */
export function getLocale(): string {
  const wanted = navigator.languages.find(tag => tag.split('-')[0] === current);
  return wanted ?? current;
}

export async function loadLanguage(): Promise<void> {
  const stored = readStored();
  const wanted = stored ? [stored, ...navigator.languages] : navigator.languages;
  const language = pickLanguage(wanted, listLanguages());
  const url = POTOO_LANGUAGES[language];
  if (url) {
    const answer = await fetch(url).catch(() => null);
    if (!answer?.ok) return; // English then
    setCatalog((await answer.json()) as Catalog);
  }
  current = language;
  document.documentElement.lang = language;
  document.documentElement.dir = RTL.includes(language) ? 'rtl' : 'ltr';
}

/** Takes effect by loading the page anew: texts are not kept in state. */
export function chooseLanguage(language: string): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    return; // storage is switched off, so the choice cannot be kept
  }
  location.reload();
}

function readStored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
