// SPDX-License-Identifier: GPL-3.0-or-later

// The REST interface as functions, one for each thing that a page does. They throw ApiError, and
// the browser's AbortError when `signal` says so.

import { ApiError, readError } from './error';
import type { Camera, CameraEvent, CameraInput, Clock, CoverageDay, List, Lock, Storage, SystemInfo, TestResult, Timeline, Verification } from './types';

const BASE = '/api/v1';

interface Options {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

async function send(url: string, options: Options): Promise<Response> {
  const init: RequestInit = {
    method: options.method ?? 'GET',
    headers: { Accept: 'application/json', ...options.headers },
    signal: options.signal ?? null,
    credentials: 'same-origin',
  };
  if (options.body !== undefined) {
    init.headers = { ...init.headers, 'Content-Type': 'application/json' };
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, null);
  }
  if (!response.ok) throw await readError(response);
  return response;
}

async function request<Body>(path: string, options: Options = {}): Promise<Body> {
  const response = await send(BASE + path, options);
  return (await response.json()) as Body;
}

const cameraPath = (id: string) => `/cameras/${encodeURIComponent(id)}`;

function windowQuery(startMs: number, endMs: number): string {
  const start = new Date(startMs).toISOString();
  const end = new Date(endMs).toISOString();
  return `start=${start}&end=${end}`;
}

/** Answers of one camera, with the version of its settings for If-Match. */
export interface Versioned {
  camera: Camera;
  etag: string | null;
}

async function readVersioned(response: Response): Promise<Versioned> {
  return { camera: (await response.json()) as Camera, etag: response.headers.get('ETag') };
}

/** All pages of a list; `query` begins with `&` unless it is empty. */
async function listAll<Item>(path: string, query: string, signal?: AbortSignal): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const place: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: List<Item> = await request(`${path}?limit=1000${query}${place}`, { signal });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return items;
}

export async function listCameras(signal?: AbortSignal): Promise<Camera[]> {
  return listAll('/cameras', '', signal);
}

export async function getCamera(id: string, signal?: AbortSignal): Promise<Versioned> {
  return readVersioned(await send(BASE + cameraPath(id), { signal }));
}

/** With `adopts` the recordings of a removed camera with its id become its own. */
export async function addCamera(input: CameraInput & { id?: string }, adopts: boolean): Promise<Camera> {
  return request(adopts ? '/cameras?recordings=adopt' : '/cameras', { method: 'POST', body: input });
}

export async function changeCamera(id: string, input: CameraInput, etag: string | null): Promise<Versioned> {
  const headers: Record<string, string> = etag === null ? {} : { 'If-Match': etag };
  return readVersioned(await send(BASE + cameraPath(id), { method: 'PATCH', body: input, headers }));
}

export async function removeCamera(id: string): Promise<void> {
  await send(BASE + cameraPath(id), { method: 'DELETE' });
}

export async function testCamera(input: CameraInput & { id?: string }, signal: AbortSignal): Promise<TestResult> {
  return request('/cameras/test', { method: 'POST', body: input, signal });
}

export async function getTimeline(id: string, startMs: number, endMs: number, signal?: AbortSignal): Promise<Timeline> {
  return request(`${cameraPath(id)}/timeline?${windowQuery(startMs, endMs)}`, { signal });
}

/** Of the days of the browser’s time zone. */
export async function listCoverage(id: string, startMs: number, endMs: number, signal?: AbortSignal): Promise<CoverageDay[]> {
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const list: List<CoverageDay> = await request(`${cameraPath(id)}/coverage?${windowQuery(startMs, endMs)}&time_zone=${zone}`, {
    signal,
  });
  return list.items;
}

export async function listManualEvents(id: string, startMs: number, endMs: number, signal?: AbortSignal): Promise<CameraEvent[]> {
  return listAll('/events', `&camera=${encodeURIComponent(id)}&kind=manual&${windowQuery(startMs, endMs)}`, signal);
}

/** Until it is stopped, or for so long. */
export async function startRecording(id: string, seconds: number | null): Promise<void> {
  const body = seconds === null ? { action: 'start' } : { action: 'start', seconds };
  await send(`${BASE}${cameraPath(id)}/recording`, { method: 'POST', body });
}

export async function stopRecording(id: string): Promise<void> {
  await send(`${BASE}${cameraPath(id)}/recording`, { method: 'POST', body: { action: 'stop' } });
}

export async function addBookmark(id: string, ms: number, title: string): Promise<void> {
  const body = { camera: id, kind: 'bookmark', start: new Date(ms).toISOString(), title: title || null };
  await send(`${BASE}/events`, { method: 'POST', body });
}

export async function removeEvent(id: string): Promise<void> {
  await send(`${BASE}/events/${id}`, { method: 'DELETE' });
}

export async function listLocks(id: string, startMs: number, endMs: number, signal?: AbortSignal): Promise<Lock[]> {
  return listAll('/locks', `&camera=${encodeURIComponent(id)}&${windowQuery(startMs, endMs)}`, signal);
}

export interface LockInput {
  startMs: number;
  endMs: number;
  reason: string;
  /** Null: never. */
  expiresMs: number | null;
}

export async function addLock(id: string, { startMs, endMs, reason, expiresMs }: LockInput): Promise<void> {
  const time = (ms: number) => new Date(ms).toISOString();
  const expires = expiresMs === null ? null : time(expiresMs);
  await send(`${BASE}/locks`, { method: 'POST', body: { camera: id, start: time(startMs), end: time(endMs), reason, expires } });
}

export async function removeLock(id: string): Promise<void> {
  await send(`${BASE}/locks/${id}`, { method: 'DELETE' });
}

export async function getStorage(signal?: AbortSignal): Promise<Storage> {
  return request('/storage', { signal });
}

export async function getVerification(signal?: AbortSignal): Promise<Verification> {
  return request('/verify', { signal });
}

export async function startVerification(repair: boolean): Promise<Verification> {
  return request('/verify', { method: 'POST', body: { repair } });
}

export async function stopVerification(): Promise<void> {
  await send(`${BASE}/verify`, { method: 'DELETE' });
}

export async function getClock(signal?: AbortSignal): Promise<Clock> {
  return request('/clock', { signal });
}

/** Dates anew what was recorded before the step. */
export async function correctClock(step: number): Promise<Clock> {
  return request('/clock/correct', { method: 'POST', body: { step } });
}

export async function getSystem(): Promise<SystemInfo> {
  return request('/system');
}

export async function fetchSnapshot(id: string, height: number, signal: AbortSignal): Promise<Blob> {
  const response = await send(`${BASE}${cameraPath(id)}/snapshot.jpg?height=${height}`, {
    headers: { Accept: 'image/jpeg' },
    signal,
  });
  return response.blob();
}

export function playbackUrl(id: string, startMs: number, endMs: number): string {
  return `${BASE}${cameraPath(id)}/playback.m3u8?${windowQuery(startMs, endMs)}`;
}

export function liveUrl(id: string): string {
  return `/live/${encodeURIComponent(id)}/ts.m3u8`;
}

/** The recorded times nearest to a window that has none, in milliseconds. */
export interface Nearest {
  before: number | null;
  after: number | null;
}

function readNearest(error: ApiError): Nearest {
  const read = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : null);
  return { before: read(error.problem?.['before']), after: read(error.problem?.['after']) };
}

const AHEAD_MS = 7 * 86_400_000;

/** Where recording goes on at or behind `ms`; null when it does not. `nowMs`: by the recorder's clock. */
export async function findNext(id: string, ms: number, nowMs: number, signal?: AbortSignal): Promise<number | null> {
  const endMs = ms + AHEAD_MS;
  const { spans } = await getTimeline(id, ms, endMs, signal);
  if (spans[0]) return Math.max(ms, Date.parse(spans[0].start));
  if (endMs >= nowMs) return null;
  return (await findNearest(id, ms, endMs, signal))?.after ?? null;
}

/** Null when the window has recordings after all. */
export async function findNearest(id: string, startMs: number, endMs: number, signal?: AbortSignal): Promise<Nearest | null> {
  try {
    await send(playbackUrl(id, startMs, endMs), { headers: { Accept: '*/*' }, signal });
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return readNearest(error);
    throw error;
  }
}
