// SPDX-License-Identifier: GPL-3.0-or-later

const TABLE = 200; // rules look at the last two digits, and at small numbers

/** The plural form of 0…199, a digit each, by the rule in a catalog's header. */
export function tabulatePlurals(header) {
  const rule = /^Plural-Forms:.*?plural=([^;\n]*)/m.exec(header)?.[1] ?? 'n != 1';
  if (!/^[n\d\s%!=<>&|?:()+-]+$/.test(rule)) throw new Error(`not a rule of plurals: ${rule}`);
  const index = new Function('n', `return Number(${rule})`);
  return Array.from({ length: TABLE }, (_, n) => index(n)).join('');
}
