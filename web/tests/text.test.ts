// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { tabulatePlurals } from '../build/plurals.mjs';
import { ApiError, fieldOf, parseRetryAfter, toApiError } from '../src/api/error';
import { pickLanguage } from '../src/i18n/language';
import { _, ngettext, pgettext, setCatalog } from '../src/i18n/text';

afterEach(() => setCatalog({ plurals: '', messages: {} }));

test('what has no translation stays English, with its places filled', () => {
  assert.equal(_('Save'), 'Save');
  assert.equal(_('{a} and {b} and {c}', { a: 1, b: '{a}' }), '1 and {a} and {c}');
  assert.equal(ngettext('{n} gap', '{n} gaps', 1), '1 gap');
  assert.equal(ngettext('{n} gap', '{n} gaps', 0), '0 gaps');
});

test('translations are found by text, context and number', () => {
  setCatalog({
    plurals: tabulatePlurals('Plural-Forms: nplurals=2; plural=(n != 1);\n'),
    messages: { 'Save': ['Speichern'], 'verb\u0004Live': ['Leben'], '{n} gap': ['{n} Lücke', '{n} Lücken'] },
  });
  assert.equal(_('Save'), 'Speichern');
  assert.equal(pgettext('verb', 'Live'), 'Leben');
  assert.equal(pgettext('noun', 'Live'), 'Live');
  assert.deepEqual([0, 1, 2, 1001].map(n => ngettext('{n} gap', '{n} gaps', n)), ['0 Lücken', '1 Lücke', '2 Lücken', '1001 Lücken']);
});

test('rules of plurals are tabled as gettext has them', () => {
  const polish = tabulatePlurals(
    'Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n',
  );
  assert.equal([1, 2, 5, 12, 22, 112, 122].map(n => polish[n]).join(''), '0122121');
  assert.throws(() => tabulatePlurals('Plural-Forms: nplurals=2; plural=process.exit(1);\n'), /not a rule/);
});

test('the reader’s first language that there is', () => {
  assert.equal(pickLanguage(['de-AT', 'en'], ['en', 'de']), 'de');
  assert.equal(pickLanguage(['fr', 'de'], ['en', 'de']), 'de');
  assert.equal(pickLanguage(['fr'], ['en', 'de']), 'en');
  assert.equal(pickLanguage(['pt-BR'], ['en', 'pt', 'pt-br']), 'pt-br');
});

test('an error says what the daemon says, or what else is the matter', () => {
  const problem = { type: 'urn:potoo:error:not-found', title: 'Not found', status: 404, detail: 'There is no camera x', pointer: '/url' };
  const error = new ApiError(404, problem);
  assert.deepEqual([error.message, error.type, error.pointer], ['There is no camera x', 'not-found', '/url']);
  assert.equal(new ApiError(0, null).type, 'unreachable');
  assert.match(new ApiError(500, null).message, /500/);
  assert.equal(toApiError(error), error);
  assert.equal(toApiError(new TypeError('x'))?.status, 0);
  assert.equal(toApiError(new DOMException('', 'AbortError')), null);
});

test('a pointer names a field', () => {
  assert.equal(fieldOf('/url'), 'url');
  assert.equal(fieldOf('/a~1b~0c/0'), 'a/b~c');
  assert.equal(fieldOf(''), null);
  assert.equal(fieldOf(null), null);
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-11-21T10:00:00Z');
  assert.equal(parseRetryAfter('5', now), 5);
  assert.equal(parseRetryAfter('Sat, 21 Nov 2026 10:00:30 GMT', now), 30);
  assert.equal(parseRetryAfter('Sat, 21 Nov 2026 09:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), null);
  assert.equal(parseRetryAfter(null, now), null);
});
