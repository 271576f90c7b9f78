// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Camera } from '../src/api/types';
import { type CamerasState, type Happening, initialState, reduce, sortCameras } from '../src/state/cameras';

const camera = (id: string, name = id) => ({ id, name }) as Camera;
const run = (...happenings: Happening[]): CamerasState => happenings.reduce(reduce, initialState);
const names = (state: CamerasState) => state.cameras && [...state.cameras.values()].map(one => one.name).sort();

test('nothing is known before the first list, whatever changes', () => {
  assert.equal(run({ kind: 'opened' }, { kind: 'camera', camera: camera('a') }).cameras, null);
});

test('a list is what it says', () => {
  const state = run({ kind: 'list-asked' }, { kind: 'list-came', cameras: [camera('a'), camera('b')] });
  assert.deepEqual(names(state), ['a', 'b']);
  assert.deepEqual(names(reduce(state, { kind: 'list-came', cameras: [] })), []);
});

test('a change that came while a list was under way is newer than it', () => {
  const state = run(
    { kind: 'list-asked' },
    { kind: 'camera', camera: camera('a', 'new name') },
    { kind: 'camera', camera: camera('c', 'added') },
    { kind: 'camera-removed', id: 'b' },
    { kind: 'list-came', cameras: [camera('a', 'old name'), camera('b')] },
  );
  assert.deepEqual(names(state), ['added', 'new name']);
});

test('what changed before a list was asked for is not newer', () => {
  const first = run({ kind: 'list-asked' }, { kind: 'list-came', cameras: [camera('a', 'old')] });
  const state = [
    { kind: 'camera', camera: camera('a', 'newer') },
    { kind: 'list-asked' },
    { kind: 'list-came', cameras: [camera('a', 'newest')] },
  ].reduce((before, happening) => reduce(before, happening as Happening), first);
  assert.deepEqual(names(state), ['newest']);
});

test('added, changed, removed, added again', () => {
  const state = run(
    { kind: 'list-came', cameras: [] },
    { kind: 'camera', camera: camera('a') },
    { kind: 'camera-removed', id: 'a' },
    { kind: 'camera-removed', id: 'never' },
    { kind: 'camera', camera: camera('a', 'again') },
  );
  assert.deepEqual(names(state), ['again']);
});

test('a list that fails leaves what is there, and is forgotten by the next', () => {
  const list: Happening = { kind: 'list-came', cameras: [camera('a')] };
  const failed = run(list, { kind: 'list-asked' }, { kind: 'list-failed', reason: 'why' });
  assert.deepEqual([names(failed), failed.failure], [['a'], 'why']);
  assert.equal(reduce(failed, list).failure, null);
});

test('the connection is lost and found', () => {
  assert.equal(run({ kind: 'lost' }).connection, 'lost');
  assert.equal(run({ kind: 'lost' }, { kind: 'opened' }).connection, 'open');
});

test('cameras are sorted as people do', () => {
  const map = new Map(['camera 10', 'Camera 2', 'äpfel', 'Zaun'].map((name, i) => [String(i), camera(String(i), name)]));
  assert.deepEqual(sortCameras(map, 'de').map(one => one.name), ['äpfel', 'Camera 2', 'camera 10', 'Zaun']);
});
