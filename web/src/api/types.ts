// SPDX-License-Identifier: GPL-3.0-or-later

// What the REST interface answers; docs/rest.md says what each member means. Times are text.

export type CameraState =
  | 'disabled'
  | 'connecting'
  | 'streaming'
  | 'backing-off'
  | 'auth-failed'
  | 'no-video'
  | 'no-keyframes';

export interface CameraStatus {
  state: CameraState;
  reason: string | null;
  since: string;
  retry_at: string | null;
  video_codec: string | null;
  audio_codec: string | null;
  width: number;
  height: number;
  fps: number;
  bitrate: number;
}

export interface CameraSettings {
  name: string;
  url: string;
  username: string | null;
  enabled: boolean;
  record: 'continuous' | 'off';
  transport: 'auto' | 'tcp' | 'udp';
  audio: boolean;
  tls_verify: boolean;
}

export interface Camera extends CameraSettings {
  id: string;
  sub_url: string | null;
  has_password: boolean;
  status: CameraStatus;
}

/** What is sent: the password is never read. */
export type CameraInput = Partial<CameraSettings> & { password?: string | null };

export interface Segment {
  id: string;
  camera: string;
  start: string;
  end: string;
  state: 'open' | 'closed' | 'damaged';
}

export type GapCause =
  | 'disconnected'
  | 'auth'
  | 'stalled'
  | 'no-video'
  | 'no-keyframes'
  | 'disk-full'
  | 'disk-slow'
  | 'disk-error'
  | 'crash'
  | 'power'
  | 'shutdown';

export interface Gap {
  id: string;
  camera: string;
  start: string;
  end: string | null;
  cause: GapCause;
}

export interface Timeline {
  camera: string;
  start: string;
  end: string;
  spans: { start: string; end: string; recording: string; open: boolean }[];
  gaps: { id: string; start: string; end: string | null; cause: GapCause }[];
  coverage: number | null;
}

export interface TestTrack {
  kind: 'video' | 'audio';
  codec: string;
  width?: number;
  height?: number;
  fps?: number | null;
}

export interface TestResult {
  ok: boolean;
  reason: string | null;
  error?: string;
  seconds: number;
  tracks: TestTrack[];
  picture: string | null;
}

export interface SystemInfo {
  version: string;
  time: string;
}

export interface List<Item> {
  items: Item[];
  next: string | null;
}
