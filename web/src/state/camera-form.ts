// SPDX-License-Identifier: GPL-3.0-or-later

// The form of a camera's settings, and what of it is sent: everything of a new camera, of one that
// exists only what was changed. The password is write-only: empty means "as it is". Pure.

import type { Camera, CameraInput, RecordMode } from '../api/types';
import { formatSchedule, uniformWeek } from './schedule';

const GIGABYTE = 1e9;

/** Numbers are texts here, as they are typed. */
export interface CameraForm {
  name: string;
  url: string;
  sub_url: string;
  username: string;
  password: string;
  transport: Camera['transport'];
  audio: boolean;
  audio_codec: Camera['audio_codec'];
  transcode_video: boolean;
  tls_verify: boolean;
  record: RecordMode;
  schedule: string;
  record_sub: boolean;
  pre_roll: string;
  post_roll: string;
  keep_continuous_days: string;
  keep_event_days: string;
  /** In gigabytes. */
  max_bytes: string;
  min_days: string;
  storage_root: string;
  priority: string;
  enabled: boolean;
}

export const emptyForm: CameraForm = {
  name: '',
  url: '',
  sub_url: '',
  username: '',
  password: '',
  transport: 'auto',
  audio: true,
  audio_codec: 'aac',
  transcode_video: false,
  tls_verify: true,
  record: 'continuous',
  schedule: formatSchedule(uniformWeek('continuous')),
  record_sub: false,
  pre_roll: '5',
  post_roll: '10',
  keep_continuous_days: '0',
  keep_event_days: '0',
  max_bytes: '0',
  min_days: '0',
  storage_root: '',
  priority: '5',
  enabled: true,
};

export function formOf(camera: Camera): CameraForm {
  return {
    name: camera.name,
    url: camera.url,
    sub_url: camera.sub_url ?? '',
    username: camera.username ?? '',
    password: '',
    transport: camera.transport,
    audio: camera.audio,
    audio_codec: camera.audio_codec,
    transcode_video: camera.transcode_video,
    tls_verify: camera.tls_verify,
    record: camera.record,
    schedule: camera.schedule ?? emptyForm.schedule,
    record_sub: camera.record_sub,
    pre_roll: String(camera.pre_roll),
    post_roll: String(camera.post_roll),
    keep_continuous_days: String(camera.keep_continuous_days),
    keep_event_days: String(camera.keep_event_days),
    max_bytes: String(camera.max_bytes / GIGABYTE),
    min_days: String(camera.min_days),
    storage_root: camera.storage_root ?? '',
    priority: String(camera.priority),
    enabled: camera.enabled,
  };
}

/** What is no number goes as it is, and the daemon says so. */
function readNumber(text: string, factor = 1): number | string {
  const number = Number(text.trim().replace(',', '.'));
  return text.trim() === '' || Number.isNaN(number) ? text.trim() : Math.round(number * factor);
}

/** All that the form says, as settings; without the password unless one was typed. */
function settingsOf(form: CameraForm): CameraInput {
  const username = form.username.trim();
  const settings: CameraInput = {
    url: form.url.trim(),
    sub_url: form.sub_url.trim() || null,
    transport: form.transport,
    audio: form.audio,
    audio_codec: form.audio_codec,
    transcode_video: form.transcode_video,
    tls_verify: form.tls_verify,
    record: form.record,
    record_sub: form.record_sub && form.sub_url.trim() !== '',
    pre_roll: readNumber(form.pre_roll),
    post_roll: readNumber(form.post_roll),
    keep_continuous_days: readNumber(form.keep_continuous_days),
    keep_event_days: readNumber(form.keep_event_days),
    max_bytes: readNumber(form.max_bytes, GIGABYTE),
    min_days: readNumber(form.min_days),
    storage_root: form.storage_root.trim() || null,
    priority: readNumber(form.priority),
    enabled: form.enabled,
  };
  if (form.record === 'schedule') settings.schedule = form.schedule.trim();
  if (username !== '') settings.username = username;
  if (form.password !== '') settings.password = form.password;
  if (form.name.trim() !== '') settings.name = form.name.trim();
  return settings;
}

/** An id where the daemon can make none of the name. */
function idFor(name: string): string | undefined {
  return /[a-z0-9]/i.test(name) ? undefined : `camera-${Date.now().toString(36)}`;
}

export function readForm(form: CameraForm, camera: Camera | null): CameraInput & { id?: string } {
  const settings = settingsOf(form);
  if (camera === null) {
    const id = idFor(form.name);
    const given = Object.entries(settings).filter(([, value]) => value !== null);
    const input: CameraInput = Object.fromEntries(given);
    return id === undefined ? input : { ...input, id };
  }
  const { password, ...rest } = settings;
  const changed = Object.entries(rest).filter(([name, value]) => camera[name as keyof Camera] !== value);
  const input: CameraInput = Object.fromEntries(changed);
  if (form.username.trim() === '' && camera.username !== null) input.username = null;
  if (password !== undefined) input.password = password;
  return input;
}

/** What a test of the connection needs; `id` lets the daemon use the stored password. */
export function readTestInput(form: CameraForm, camera: Camera | null): CameraInput & { id?: string } {
  const { url, username, password, transport, audio, audio_codec, transcode_video, tls_verify } = settingsOf(form);
  const input: CameraInput & { id?: string } = {};
  Object.assign(input, { url, transport, audio, audio_codec, transcode_video, tls_verify });
  if (username !== undefined) input.username = username;
  if (password !== undefined) input.password = password;
  if (camera !== null) input.id = camera.id;
  return input;
}

/** Scheme, host and port of an RTSP address, as the daemon compares them; null when it is none. */
export function authorityOf(url: string): string | null {
  const match = /^(rtsps?):\/\/(?:[^@/?#]*@)?(\[[^\]]*\]|[^:/?#]+)(?::(\d+))?/i.exec(url.trim());
  if (!match) return null;
  const scheme = (match[1] as string).toLowerCase();
  const port = match[3] ?? (scheme === 'rtsps' ? '322' : '554');
  return `${scheme}://${(match[2] as string).toLowerCase()}:${port}`;
}

/** The daemon forgets a stored password rather than send it to another host. */
export function dropsPassword(form: CameraForm, camera: Camera): boolean {
  if (form.password !== '') return false;
  return authorityOf(form.url) !== authorityOf(camera.url);
}
