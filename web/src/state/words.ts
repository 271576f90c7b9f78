// SPDX-License-Identifier: GPL-3.0-or-later

// Words of the interface in words of people.

import type { Camera, CameraState, CameraStatus, EventKind, GapCause, RecordMode, RootState, VerifyProblem } from '../api/types';
import { _ } from '../i18n/text';

export type Tone = 'good' | 'busy' | 'bad' | 'off';

export function stateWords({ enabled, status }: Camera): string {
  switch (status.state) {
    case 'disabled':
      return enabled ? _('Potoo was stopped') : _('Switched off');
    case 'connecting':
      return _('Connecting');
    case 'streaming':
      return _('Streaming');
    case 'backing-off':
      return _('Not reachable');
    case 'auth-failed':
      return _('Password refused');
    case 'no-video':
      return _('No video');
    case 'no-keyframes':
      return _('No usable pictures');
  }
}

export function stateTone(state: CameraState): Tone {
  if (state === 'streaming') return 'good';
  if (state === 'connecting') return 'busy';
  return state === 'disabled' ? 'off' : 'bad';
}

export function causeWords(cause: GapCause): string {
  switch (cause) {
    case 'disconnected':
      return _('Connection to the camera lost');
    case 'auth':
      return _('The camera refused the password');
    case 'stalled':
      return _('The camera stopped sending');
    case 'no-video':
      return _('The camera sent no video');
    case 'no-keyframes':
      return _('The camera sent no usable pictures');
    case 'disk-full':
      return _('No space left on the disk');
    case 'disk-slow':
      return _('The disk was too slow');
    case 'disk-error':
      return _('The disk failed');
    case 'crash':
      return _('Potoo ended unexpectedly');
    case 'power':
      return _('Power failure or restart of the machine');
    case 'shutdown':
      return _('Potoo was stopped');
    case 'damaged':
      return _('Recorded, but cannot be read any more');
    case 'clock-step':
      return _('The clock was set forward; nothing is missing');
    default:
      return _('Unknown cause');
  }
}

/** Whether there is a picture of it: a camera streams a little before the first one has come. */
export function hasPicture({ state, video_codec }: CameraStatus): boolean {
  return state === 'streaming' && video_codec !== null;
}

/** Whether this browser can decode the camera’s video; few can do H.265. */
export function isPlayable(camera: Camera): boolean {
  const codec = camera.status.video_codec;
  if (codec === null || !/^(hvc1|hev1)/i.test(codec)) return true;
  return 'MediaSource' in window && MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
}

export function recordWords(mode: RecordMode): string {
  switch (mode) {
    case 'continuous':
      return _('always');
    case 'event':
      return _('on events');
    case 'schedule':
      return _('by schedule');
    case 'off':
      return _('off');
  }
}

export function eventWords(kind: EventKind): string {
  switch (kind) {
    case 'motion':
      return _('Motion');
    case 'onvif':
      return _('Reported by the camera');
    case 'manual':
      return _('Recorded by hand');
    case 'api':
      return _('Reported by a program');
    case 'bookmark':
      return _('Bookmark');
    default:
      return _('Event');
  }
}

export function rootStateWords(state: RootState): string {
  switch (state) {
    case 'ok':
      return _('In use');
    case 'full':
      return _('Full');
    case 'missing':
      return _('Not there');
    case 'read-only':
      return _('Cannot be written to');
    case 'stalled':
      return _('Does not answer');
    case 'failed':
      return _('Failed');
    case 'foreign':
      return _('Another disk');
  }
}

export function problemWords(problem: VerifyProblem): string {
  switch (problem) {
    case 'missing':
      return _('Recordings whose file is gone');
    case 'damaged':
      return _('Recordings of which a part cannot be read');
    case 'changed':
      return _('Recordings whose content has changed');
    case 'mismatch':
      return _('Recordings that the catalog tells something else of');
    case 'times':
      return _('Recordings with other times than the catalog tells');
    case 'unreadable':
      return _('Recordings that could not be looked at');
    case 'unlisted':
      return _('Recordings that the catalog does not know');
    case 'foreign':
      return _('Files that are not Potoo’s');
  }
}
