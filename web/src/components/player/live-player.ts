// SPDX-License-Identifier: GPL-3.0-or-later

// Plays what a camera sends now. When it does not send, says why and tries again when the daemon
// says that it is worth it.

import type HlsClass from 'hls.js';
import type { ErrorData } from 'hls.js';
import { liveUrl } from '../../api/client';
import { ApiError, toApiError } from '../../api/error';
import { _ } from '../../i18n/text';
import { loadHls, playsNatively, readHlsError } from './hls';

export type LivePhase = 'connecting' | 'playing' | 'failed';

export interface LiveEvents {
  onPhase(phase: LivePhase, reason: string | null): void;
}

const RETRY_MS = 2000;
const FURTHEST_BEHIND_S = 12;

export class LivePlayer {
  readonly #video: HTMLVideoElement;
  readonly #camera: string;
  readonly #events: LiveEvents;
  readonly #abort = new AbortController();
  #hls: HlsClass | null = null;
  #timer = 0;

  constructor(video: HTMLVideoElement, camera: string, events: LiveEvents) {
    this.#video = video;
    this.#camera = camera;
    this.#events = events;
    const { signal } = this.#abort;
    video.addEventListener('playing', () => events.onPhase('playing', null), { signal });
    video.addEventListener('error', () => this.#onNativeError(), { signal });
    void this.#load();
  }

  close(): void {
    this.#abort.abort();
    this.#unload();
  }

  /** After a pause the present is shown, not what was missed. */
  resume(): void {
    const now = this.#hls?.liveSyncPosition;
    if (now != null && now - this.#video.currentTime > FURTHEST_BEHIND_S / 2) this.#video.currentTime = now;
    this.#video.play().catch(() => undefined);
  }

  #unload(): void {
    window.clearTimeout(this.#timer);
    this.#hls?.destroy();
    this.#hls = null;
  }

  async #load(): Promise<void> {
    this.#unload();
    this.#events.onPhase('connecting', null);
    try {
      const Hls = await loadHls();
      if (this.#abort.signal.aborted) return;
      if (Hls.isSupported()) this.#loadWith(Hls);
      else if (playsNatively(this.#video)) this.#loadNatively();
      else this.#events.onPhase('failed', _('This browser cannot play live video.'));
    } catch (thrown) {
      this.#fail(toApiError(thrown) ?? new ApiError(0, null));
    }
  }

  #loadWith(Hls: typeof HlsClass): void {
    const hls = new Hls({
      enableWorker: false,
      liveMaxLatencyDuration: FURTHEST_BEHIND_S,
      liveSyncDuration: 3,
      maxLiveSyncPlaybackRate: 1.1,
      backBufferLength: 10,
      maxBufferLength: 10,
    });
    this.#hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.#video.play().catch(() => undefined);
    });
    hls.on(Hls.Events.ERROR, (_name, data) => this.#onError(data));
    hls.loadSource(liveUrl(this.#camera));
    hls.attachMedia(this.#video);
  }

  #loadNatively(): void {
    this.#video.src = liveUrl(this.#camera);
    this.#video.play().catch(() => undefined);
  }

  #onNativeError(): void {
    if (this.#hls === null) this.#fail(new ApiError(0, null));
  }

  #onError(data: ErrorData): void {
    if (!data.fatal) return;
    const error = readHlsError(data);
    if (error) return this.#fail(error);
    this.#events.onPhase('failed', _('The picture broke off ({details}). Connecting again …', { details: data.details }));
    this.#retryIn(RETRY_MS);
  }

  #fail(error: ApiError): void {
    // 404: the camera stopped and what the playlist listed is gone; asking for it anew tells why.
    const isStale = error.status === 404 && this.#hls?.levels.some(level => level.details !== undefined);
    this.#events.onPhase(isStale ? 'connecting' : 'failed', isStale ? null : error.message);
    this.#retryIn(Math.max(RETRY_MS, 1000 * (error.retryAfter ?? 0)));
  }

  #retryIn(ms: number): void {
    this.#unload();
    if (!this.#abort.signal.aborted) this.#timer = window.setTimeout(() => void this.#load(), ms);
  }
}
