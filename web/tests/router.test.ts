// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, hrefOf, isSamePage, parseRoute } from '../src/app/router';

const routes: [string, Route][] = [
  ['/', { page: 'cameras' }],
  ['/cameras/new', { page: 'add' }],
  ['/cameras/front-door', { page: 'live', id: 'front-door' }],
  ['/cameras/front-door/edit', { page: 'edit', id: 'front-door' }],
  ['/recordings/front-door', { page: 'recordings', id: 'front-door', atMs: null }],
];

for (const [path, route] of routes)
  test(`${path} is a page and its address`, () => {
    assert.deepEqual(parseRoute(path, ''), route);
    assert.equal(hrefOf(route), path);
  });

test('the time of a recording is kept to the millisecond', () => {
  const route: Route = { page: 'recordings', id: 'a', atMs: Date.UTC(2026, 10, 21, 10, 15, 30, 123) };
  const href = hrefOf(route);
  assert.equal(href, '/recordings/a?t=2026-11-21T10:15:30.123Z');
  assert.deepEqual(parseRoute('/recordings/a', href.slice(href.indexOf('?'))), route);
});

test('a time that is none is as no time', () => {
  assert.deepEqual(parseRoute('/recordings/a', '?t=yesterday'), { page: 'recordings', id: 'a', atMs: null });
});

test('a slash at the end changes nothing', () => {
  assert.deepEqual(parseRoute('/cameras/a/', ''), { page: 'live', id: 'a' });
});

for (const path of ['/cameras', '/cameras/Ärger', '/cameras/a/b', '/cameras/a/edit/x', '/recordings', '/recordings/-a', '/x', '/cameras/../etc'])
  test(`${path} is unknown`, () => assert.equal(parseRoute(path, '').page, 'unknown'));

test('another time is the same page, another camera is not', () => {
  const at = (id: string, atMs: number | null): Route => ({ page: 'recordings', id, atMs });
  assert.equal(isSamePage(at('a', null), at('a', 5)), true);
  assert.equal(isSamePage(at('a', 5), at('b', 5)), false);
  assert.equal(isSamePage({ page: 'live', id: 'a' }, at('a', 5)), false);
});
