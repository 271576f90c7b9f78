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

export type RecordMode = 'continuous' | 'event' | 'schedule' | 'off';

export interface CameraSettings {
  name: string;
  url: string;
  sub_url: string | null;
  username: string | null;
  enabled: boolean;
  record: RecordMode;
  schedule: string | null;
  record_sub: boolean;
  pre_roll: number;
  post_roll: number;
  priority: number;
  storage_root: string | null;
  keep_continuous_days: number;
  keep_event_days: number;
  max_bytes: number;
  min_days: number;
  transport: 'auto' | 'tcp' | 'udp';
  audio: boolean;
  audio_codec: 'aac' | 'opus';
  transcode_video: boolean;
  tls_verify: boolean;
}

export interface Camera extends CameraSettings {
  id: string;
  has_password: boolean;
  status: CameraStatus;
}

/** What is sent: the password is never read; what is no number goes as it was typed, to be refused. */
export type CameraInput = { [Name in keyof CameraSettings]?: CameraSettings[Name] | string | null } & {
  password?: string | null;
};

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
  | 'shutdown'
  | 'damaged'
  | 'clock-step';

export interface Gap {
  id: string;
  camera: string;
  start: string;
  end: string | null;
  cause: GapCause;
}

export type EventKind = 'motion' | 'onvif' | 'manual' | 'api' | 'bookmark';

export interface EventSummary {
  id: string;
  kind: EventKind;
  start: string;
  /** Null while it goes on. */
  end: string | null;
  score: number | null;
  title: string | null;
}

export interface CameraEvent extends EventSummary {
  camera: string;
}

export interface Lock {
  id: string;
  camera: string;
  start: string;
  end: string;
  reason: string;
  /** Null: never. */
  expires: string | null;
}

export interface Timeline {
  camera: string;
  start: string;
  end: string;
  spans: { start: string; end: string; recording: string; open: boolean }[];
  gaps: { id: string; start: string; end: string | null; cause: GapCause }[];
  events: EventSummary[];
  events_truncated: boolean;
  coverage: number | null;
}

/** One day of a camera. */
export interface CoverageDay {
  date: string;
  start: string;
  end: string;
  /** Null when nothing was to be recorded. */
  coverage: number | null;
  recorded_seconds: number;
  deleted_seconds: number;
  missing_seconds: number;
  missing_by_cause: Partial<Record<GapCause, number>>;
}

export interface BytesByClass {
  continuous: number;
  event: number;
  locked: number;
}

export type RootState = 'ok' | 'full' | 'missing' | 'read-only' | 'stalled' | 'failed' | 'foreign';

export interface StorageRoot {
  name: string;
  path: string;
  state: RootState;
  reason: string | null;
  priority: number;
  total_bytes: number;
  free_bytes: number;
  min_free_bytes: number;
  used_bytes: number;
  max_bytes: number | null;
  bytes: BytesByClass;
  bytes_per_day: number;
  /** Null: no end is foreseen. */
  days_kept: number | null;
  fills: string | null;
  guarantee_breaks: string | null;
}

export interface StoredCamera {
  id: string;
  removed: boolean;
  bytes: BytesByClass;
  max_bytes: number | null;
  oldest: string | null;
  bytes_per_day: number;
  days_kept: number | null;
  event_days_kept: number | null;
  guaranteed_days: number;
  guarantee_breaks: string | null;
}

export interface Storage {
  roots: StorageRoot[];
  cameras: StoredCamera[];
}

export type VerifyProblem =
  | 'missing'
  | 'damaged'
  | 'changed'
  | 'mismatch'
  | 'times'
  | 'unreadable'
  | 'unlisted'
  | 'foreign';

export interface VerifyReport {
  running: boolean;
  repair: boolean;
  /** The catalog was completed from the files. */
  rebuild: boolean;
  started: string | null;
  ended: string | null;
  total: number;
  segments: number;
  open_problems: number;
  problems: Record<VerifyProblem, { found: number; repaired: number }>;
  error: string | null;
}

export interface Verification {
  state: 'idle' | 'running';
  last: string | null;
  next: string | null;
  /** Null before the first. */
  report: VerifyReport | null;
}

/** The clock was set, to `time`, by so many seconds; below 0: back. */
export interface ClockStep {
  id: number;
  time: string;
  seconds: number;
  /** What was recorded before it was dated anew. */
  corrected: boolean;
}

export interface Clock {
  /** Something that knows the time keeps it. */
  synchronized: boolean;
  /** Since the machine was started, the oldest first. */
  steps: ClockStep[];
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

/** Processors are too few: nothing is begun for who watches, or it is ended. */
export type Overload = 'none' | 'refusing' | 'ending';

export interface SystemInfo {
  version: string;
  time: string;
  overload: Overload;
}

export interface List<Item> {
  items: Item[];
  next: string | null;
}
