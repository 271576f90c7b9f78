// SPDX-License-Identifier: GPL-3.0-or-later

// The form of a camera's settings, and what of it is sent: everything of a new camera, of one that
// exists only what was changed. The password is write-only: empty means "as it is". Pure.

import type { Camera, CameraInput } from '../api/types';

export interface CameraForm {
  name: string;
  url: string;
  username: string;
  password: string;
  transport: Camera['transport'];
  audio: boolean;
  tls_verify: boolean;
  record: boolean;
  enabled: boolean;
}

export const emptyForm: CameraForm = {
  name: '',
  url: '',
  username: '',
  password: '',
  transport: 'auto',
  audio: true,
  tls_verify: true,
  record: true,
  enabled: true,
};

export function formOf(camera: Camera): CameraForm {
  return {
    name: camera.name,
    url: camera.url,
    username: camera.username ?? '',
    password: '',
    transport: camera.transport,
    audio: camera.audio,
    tls_verify: camera.tls_verify,
    record: camera.record === 'continuous',
    enabled: camera.enabled,
  };
}

/** All that the form says, as settings; without the password unless one was typed. */
function settingsOf(form: CameraForm): CameraInput {
  const username = form.username.trim();
  const settings: CameraInput = {
    url: form.url.trim(),
    transport: form.transport,
    audio: form.audio,
    tls_verify: form.tls_verify,
    record: form.record ? 'continuous' : 'off',
    enabled: form.enabled,
  };
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
    return id === undefined ? settings : { ...settings, id };
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
  const { url, username, password, transport, audio, tls_verify } = settingsOf(form);
  const input: CameraInput & { id?: string } = {};
  Object.assign(input, { url, transport, audio, tls_verify });
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
