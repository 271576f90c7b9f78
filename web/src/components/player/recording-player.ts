// SPDX-License-Identifier: GPL-3.0-or-later

// Plays what was recorded, from any moment on: an hour's playlist at a time, the next one when it
// ends. Tells wall time for each frame that is shown, what was jumped over, and what went wrong;
// what is no longer there is left out, and what cannot be had at the moment is tried again.

import type HlsClass from 'hls.js';
import type { ErrorData, Fragment, LevelDetails } from 'hls.js';
import { findNearest, findNext, type Nearest, playbackUrl } from '../../api/client';
import { ApiError, toApiError } from '../../api/error';
import { formatCodec } from '../../i18n/format';
import { _ } from '../../i18n/text';
import { getNowMs } from '../../state/app-state';
import { loadHls, playsNatively, readHlsError } from './hls';
import { type Entry, covers, endOf, isJump, toPlayerTime, toWall } from './wall-time';

export type RecordingPhase = 'idle' | 'loading' | 'ready' | 'failed';

export interface RecordingEvents {
  onPhase(phase: RecordingPhase, reason: string | null): void;
  /** Wall time of the frame on the screen. */
  onPosition(wallMs: number): void;
  /** Playing went on at `toMs`: nothing was recorded in between. */
  onJump(fromMs: number, toMs: number): void;
  /** What was recorded at `fromMs` has been deleted meanwhile. */
  onDeleted(fromMs: number): void;
  /** All that there is has been played. */
  onEnd(): void;
  /** Nothing is recorded in the hour that was asked for; `nearest` is where there is. */
  onNothing(nearest: Nearest): void;
}

const WINDOW_MS = 3_600_000;
const CODEC_ERRORS = ['bufferAddCodecError', 'bufferIncompatibleCodecsError', 'manifestIncompatibleCodecsError'];
const RETRY_MS = 3000;
const MARGIN_MS = 10; // less than a frame, more than what rounding loses
const BUFFER_S = 30;
const BACK_BUFFER_S = 60;
const SHORTEST_FRAME_S = 0.005;
const LONGEST_FRAME_S = 1; // as long as not two frames have been seen, at most

interface Frame {
  time: number;
  wallMs: number;
}

/** Where to go on when the buffer has run dry, since what comes next is no longer there. */
interface Detour {
  deletedMs: number;
  resumeMs: number;
}

export class RecordingPlayer {
  readonly #video: HTMLVideoElement;
  readonly #camera: string;
  readonly #events: RecordingEvents;
  readonly #abort = new AbortController();
  #hls: HlsClass | null = null;
  #entries: readonly Entry[] = [];
  #windowEndMs = 0;
  #frame: Frame | null = null;
  #shownTime = 0; // of the frame that was shown last, also while seeking
  #frameLength = LONGEST_FRAME_S; // the shortest that was seen
  #isStepping = false;
  #detour: Detour | null = null;
  #retryTimer = 0;
  #loads = 0; // the newest load wins
  #recoveries = 0;
  #isHeld = false; // shown, and not played on: the reader had stopped it
  #rate = 1;

  constructor(video: HTMLVideoElement, camera: string, events: RecordingEvents) {
    this.#video = video;
    this.#camera = camera;
    this.#events = events;
    const { signal } = this.#abort;
    video.addEventListener('ended', () => void this.#continue(), { signal });
    video.addEventListener('waiting', () => this.#takeDetour(), { signal });
    video.addEventListener('timeupdate', () => this.#onTimeUpdate(), { signal });
    video.addEventListener('seeked', () => this.#endStep(), { signal });
    this.#watchFrames();
  }

  close(): void {
    this.#abort.abort();
    this.#unload();
  }

  setRate(rate: number): void {
    this.#rate = rate;
    this.#video.defaultPlaybackRate = rate;
    this.#video.playbackRate = rate;
  }

  /** Stops and shows the frame before (-1) or after (1) the one on the screen. */
  step(count: -1 | 1): void {
    const video = this.#video;
    video.pause();
    if (this.#frame === null || video.seeking) return;
    this.#isStepping = true;
    // Into the middle of it, since times are rounded; on, when frames are longer than thought.
    const time = this.#frame.time + (count + 0.5) * this.#frameLength;
    video.currentTime = count > 0 ? Math.max(time, video.currentTime + this.#frameLength) : Math.max(0, time);
  }

  /** Within what is loaded already, at once; else by a playlist of its own. */
  async seek(wallMs: number): Promise<void> {
    const time = this.#detour || !covers(this.#entries, wallMs) ? null : toPlayerTime(this.#entries, wallMs);
    if (time === null || this.#hls === null) return this.load(wallMs);
    this.#frame = null;
    this.#video.currentTime = time;
    await this.#video.play().catch(() => undefined);
  }

  async load(wallMs: number, isHeld = false): Promise<void> {
    this.#unload();
    this.#recoveries = 0;
    this.#isHeld = isHeld;
    const load = ++this.#loads;
    this.#windowEndMs = wallMs + WINDOW_MS;
    this.#events.onPhase('loading', null);
    const url = playbackUrl(this.#camera, wallMs, this.#windowEndMs);
    try {
      const Hls = await loadHls();
      if (load !== this.#loads || this.#abort.signal.aborted) return;
      if (Hls.isSupported()) this.#loadWith(Hls, url, wallMs);
      else if (playsNatively(this.#video)) this.#loadNatively(url);
      else this.#events.onPhase('failed', _('This browser cannot play the recordings.'));
    } catch (thrown) {
      this.#fail(toApiError(thrown) ?? new ApiError(0, null), wallMs);
    }
  }

  /** A playlist ends with its window, and where recording stopped; there may be more behind. */
  async #continue(): Promise<void> {
    const load = this.#loads;
    const endMs = endOf(this.#entries) ?? this.#windowEndMs;
    try {
      const nextMs = await findNext(this.#camera, Math.ceil(endMs + MARGIN_MS), getNowMs(), this.#abort.signal);
      if (load !== this.#loads || this.#abort.signal.aborted) return;
      if (nextMs === null) return this.#events.onEnd();
      if (isJump({ time: 0, wallMs: endMs }, { time: 0, wallMs: nextMs })) this.#events.onJump(endMs, nextMs);
      await this.load(nextMs);
    } catch (thrown) {
      const error = toApiError(thrown);
      if (error && load === this.#loads) this.#fail(error, endMs);
    }
  }

  #unload(): void {
    window.clearTimeout(this.#retryTimer);
    this.#hls?.destroy();
    this.#hls = null;
    this.#entries = [];
    this.#frame = null;
    this.#frameLength = LONGEST_FRAME_S;
    this.#isStepping = false;
    this.#detour = null;
  }

  #loadWith(Hls: typeof HlsClass, url: string, wallMs: number): void {
    const hls = new Hls({
      autoStartLoad: false,
      enableWorker: false,
      maxBufferLength: BUFFER_S,
      maxMaxBufferLength: 2 * BUFFER_S,
      backBufferLength: BACK_BUFFER_S,
    });
    this.#hls = hls;
    let hasStarted = false;
    hls.on(Hls.Events.LEVEL_LOADED, (_name, { details }) => {
      this.#noteEntries(details);
      if (hasStarted) return;
      hasStarted = true;
      hls.startLoad(toPlayerTime(this.#entries, wallMs) ?? 0);
      this.#start();
    });
    hls.on(Hls.Events.LEVEL_UPDATED, (_name, { details }) => this.#noteEntries(details));
    hls.on(Hls.Events.LEVEL_PTS_UPDATED, (_name, { details }) => this.#noteEntries(details));
    hls.on(Hls.Events.ERROR, (_name, data) => this.#onError(data, wallMs));
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  #loadNatively(url: string): void {
    this.#video.src = url;
    this.#start();
  }

  #start(): void {
    this.#events.onPhase('ready', null);
    this.#video.playbackRate = this.#rate;
    if (!this.#isHeld) this.#video.play().catch(() => undefined); // the reader has to press play then
  }

  #noteEntries(details: LevelDetails): void {
    this.#entries = details.fragments;
  }

  // --- wall time ---

  #watchFrames(): void {
    if (!('requestVideoFrameCallback' in this.#video)) return;
    const look = (_now: number, { mediaTime }: { mediaTime: number }) => {
      if (this.#abort.signal.aborted) return;
      const length = Math.abs(mediaTime - this.#shownTime);
      if (length > SHORTEST_FRAME_S) this.#frameLength = Math.min(this.#frameLength, length);
      this.#shownTime = mediaTime;
      this.#noteFrame(mediaTime);
      this.#video.requestVideoFrameCallback(look);
    };
    this.#video.requestVideoFrameCallback(look);
  }

  /** A frame may have been shown a little before the seek was over that led to it. */
  #endStep(): void {
    if (this.#isStepping) this.#noteFrame(this.#shownTime);
    this.#isStepping = false;
  }

  #onTimeUpdate(): void {
    if (!('requestVideoFrameCallback' in this.#video))
      this.#noteFrame((this.#video as HTMLVideoElement).currentTime);
    if (this.#isDry()) this.#takeDetour();
  }

  #noteFrame(time: number): void {
    const wallMs = this.#hls === null ? this.#readNativeWall(time) : toWall(this.#entries, time);
    if (wallMs === null || this.#video.seeking) return;
    const frame = { time, wallMs };
    if (this.#frame && isJump(this.#frame, frame)) this.#events.onJump(this.#frame.wallMs, wallMs);
    this.#frame = frame;
    this.#events.onPosition(wallMs);
  }

  /** Safari has the playlist's first date; gaps it does not tell. */
  #readNativeWall(time: number): number | null {
    const video = this.#video as HTMLVideoElement & { getStartDate?: () => Date };
    const start = video.getStartDate?.().getTime() ?? NaN;
    return Number.isNaN(start) ? null : start + time * 1000;
  }

  // --- what goes wrong ---

  #onError(data: ErrorData, wallMs: number): void {
    const isGone = data.response?.code === 404 || data.response?.code === 410;
    if (data.frag && isGone) return this.#noteDeleted(data.frag);
    if (!data.fatal) return;
    if (CODEC_ERRORS.includes(data.details)) return this.#refuse(data);
    const error = readHlsError(data);
    if (error === null) return this.#recover(data);
    if (error.status === 404) void this.#findNearest(wallMs);
    else this.#fail(error, this.#frame?.wallMs ?? wallMs);
  }

  #refuse(data: ErrorData): void {
    const codec = /codecs="?([^",]*)/.exec(data.mimeType ?? '')?.[1] ?? '';
    this.#unload();
    this.#events.onPhase(
      'failed',
      _('This browser cannot play {codec} video. A browser or player that knows {codec} plays the recording.', {
        codec: formatCodec(codec),
      }),
    );
  }

  #recover(data: ErrorData): void {
    if (data.type === 'mediaError' && this.#recoveries++ < 3) return this.#hls?.recoverMediaError();
    this.#unload();
    this.#events.onPhase('failed', _('This browser cannot play this recording ({details}).', { details: data.details }));
  }

  #fail(error: ApiError, wallMs: number): void {
    if (this.#frame !== null) this.#isHeld = this.#video.paused && !this.#video.ended;
    this.#unload();
    this.#events.onPhase('failed', error.message);
    const pause = Math.max(RETRY_MS, 1000 * (error.retryAfter ?? 0));
    const retry = () => void this.load(wallMs, this.#isHeld && this.#video.paused);
    this.#retryTimer = window.setTimeout(retry, pause);
  }

  async #findNearest(wallMs: number): Promise<void> {
    const load = this.#loads;
    this.#unload();
    try {
      const nearest = await findNearest(this.#camera, wallMs, wallMs + WINDOW_MS, this.#abort.signal);
      if (load !== this.#loads) return;
      this.#events.onPhase('idle', null);
      this.#events.onNothing(nearest ?? { before: null, after: null });
    } catch (thrown) {
      const error = toApiError(thrown);
      if (error && load === this.#loads) this.#fail(error, wallMs);
    }
  }

  /** The fragments of a file go with it, so playing goes on with the next file. */
  #noteDeleted(gone: Fragment): void {
    if (this.#detour) return;
    const fragments = this.#entries as readonly Fragment[];
    const file = (fragment: Fragment) => fragment.url.split('?')[0];
    const next = fragments.find(other => other.start > gone.start && file(other) !== file(gone));
    const deletedMs = gone.programDateTime ?? this.#windowEndMs;
    // Behind what is listed there may be more by now: what was being recorded was not listed yet.
    const behindMs = Math.ceil((endOf(fragments) ?? this.#windowEndMs) + MARGIN_MS);
    this.#detour = { deletedMs, resumeMs: next?.programDateTime ?? behindMs };
    this.#hls?.stopLoad();
    if (this.#isDry()) this.#takeDetour();
  }

  #isDry(): boolean {
    const { buffered, currentTime } = this.#video;
    for (let i = 0; i < buffered.length; i++)
      if (buffered.start(i) <= currentTime + 0.1 && currentTime < buffered.end(i) - 0.25) return false;
    return true;
  }

  #takeDetour(): void {
    const detour = this.#detour;
    if (!detour || !this.#isDry()) return;
    this.#events.onDeleted(detour.deletedMs);
    void this.load(detour.resumeMs);
  }
}
