// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Camera } from '../src/api/types';
import { authorityOf, dropsPassword, emptyForm, formOf, readForm, readTestInput } from '../src/state/camera-form';

const camera = {
  id: 'door',
  name: 'Door',
  url: 'rtsp://192.0.2.7/main',
  sub_url: null,
  username: 'user',
  enabled: true,
  record: 'continuous',
  schedule: null,
  record_sub: false,
  pre_roll: 5,
  post_roll: 10,
  priority: 5,
  storage_root: null,
  keep_continuous_days: 0,
  keep_event_days: 0,
  max_bytes: 0,
  min_days: 0,
  transport: 'auto',
  audio: true,
  audio_codec: 'aac',
  transcode_video: false,
  tls_verify: true,
  has_password: true,
} as Camera;

test('a new camera is sent whole, without what was left empty', () => {
  assert.deepEqual(readForm({ ...emptyForm, name: ' Door ', url: ' rtsp://h/ ' }, null), {
    name: 'Door', url: 'rtsp://h/', transport: 'auto', audio: true, audio_codec: 'aac', transcode_video: false,
    tls_verify: true, record: 'continuous', record_sub: false, pre_roll: 5, post_roll: 10, priority: 5,
    keep_continuous_days: 0, keep_event_days: 0, max_bytes: 0, min_days: 0, enabled: true,
  });
});

test('an id is given where none could be made of the name', () => {
  const idOf = (name: string) => readForm({ ...emptyForm, name }, null).id;
  assert.equal(idOf('Front door'), undefined);
  assert.match(String(idOf('門口')), /^camera-[a-z0-9]+$/);
});

test('of a camera only what was changed is sent, and the password only when typed', () => {
  const form = formOf(camera);
  assert.deepEqual(readForm(form, camera), {});
  assert.deepEqual(readForm({ ...form, name: 'Gate', record: 'off' }, camera), { name: 'Gate', record: 'off' });
  assert.deepEqual(readForm({ ...form, password: ' x ' }, camera), { password: ' x ' });
  assert.deepEqual(readForm({ ...form, username: '' }, camera), { username: null });
  assert.equal(form.password, '');
});

test('numbers are sent as numbers, sizes as bytes, and what is none as it was typed', () => {
  const form = { ...formOf(camera), pre_roll: ' 7 ', max_bytes: '1,5', min_days: 'ten', keep_event_days: '' };
  assert.deepEqual(readForm(form, camera), { pre_roll: 7, max_bytes: 1_500_000_000, min_days: 'ten', keep_event_days: '' });
});

test('a schedule is sent when it is recorded by', () => {
  const week = 'mon-sun 00:00-24:00 event';
  assert.deepEqual(readForm({ ...formOf(camera), schedule: week }, camera), {});
  assert.deepEqual(readForm({ ...formOf(camera), record: 'schedule', schedule: week }, camera), { record: 'schedule', schedule: week });
});

test('the small stream is recorded only where there is one', () => {
  assert.deepEqual(readForm({ ...formOf(camera), record_sub: true }, camera), {});
  assert.deepEqual(readForm({ ...formOf(camera), record_sub: true, sub_url: 'rtsp://h/s' }, camera), { record_sub: true, sub_url: 'rtsp://h/s' });
});

test('a test may use the stored password', () => {
  const { id, password, ...rest } = readTestInput(formOf(camera), camera);
  assert.deepEqual([id, password], ['door', undefined]);
  assert.deepEqual(rest, { url: camera.url, username: 'user', transport: 'auto', audio: true, audio_codec: 'aac', transcode_video: false, tls_verify: true });
  assert.equal(readTestInput({ ...emptyForm, url: 'rtsp://h/' }, null).id, undefined);
});

test('another host, port or scheme drops the stored password', () => {
  const drops = (url: string, password = '') => dropsPassword({ ...formOf(camera), url, password }, camera);
  assert.equal(drops('rtsp://192.0.2.7:554/sub'), false);
  assert.equal(drops('RTSP://192.0.2.7/main'), false);
  assert.equal(drops('rtsp://192.0.2.8/main'), true);
  assert.equal(drops('rtsp://192.0.2.7:8554/main'), true);
  assert.equal(drops('rtsps://192.0.2.7/main'), true);
  assert.equal(drops('rtsp://192.0.2.8/main', 'given'), false);
  assert.equal(authorityOf('rtsp://user:p@[2001:db8::1]:8554/x'), 'rtsp://[2001:db8::1]:8554');
  assert.equal(authorityOf('http://x'), null);
});
