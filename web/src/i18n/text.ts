// SPDX-License-Identifier: GPL-3.0-or-later

// Translation as gettext does it: the English text is the key, and what has no translation stays
// English. Texts are found by xgettext, so they stand as literals in the call. The names are
// gettext's own.

export interface Catalog {
  /** For n = 0…199, the index of its plural form. */
  plurals: string;
  messages: Record<string, string[]>;
}

type Values = Record<string, string | number>;

let catalog: Catalog = { plurals: '', messages: {} };

export function setCatalog(loaded: Catalog): void {
  catalog = loaded;
}

function fill(text: string, values?: Values): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** The translation of `text`, its {places} filled from `values`. */
export function _(text: string, values?: Values): string {
  return fill(catalog.messages[text]?.[0] ?? text, values);
}

/** As `_`, for words that need a context to be translated. */
export function pgettext(context: string, text: string, values?: Values): string {
  return fill(catalog.messages[`${context}\u0004${text}`]?.[0] ?? text, values);
}

/** The form for `n` things; {n} is filled. A part of one is several: 1.5 days. */
export function ngettext(one: string, many: string, n: number, values?: Values): string {
  const whole = Number.isInteger(n) ? Math.abs(n) : 2;
  const forms = catalog.messages[one];
  const place = whole < 200 ? whole : 100 + (whole % 100);
  const form = forms?.[Number(catalog.plurals[place] ?? 0)] ?? (n === 1 ? one : many);
  return fill(form, { n, ...values });
}
