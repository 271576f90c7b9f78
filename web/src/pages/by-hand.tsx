// SPDX-License-Identifier: GPL-3.0-or-later

// What is done by hand while one looks on: recording, whatever the camera's mode, which shows that
// it runs also when somebody else began it; and a bookmark of this moment.

import { useEffect, useState } from 'preact/hooks';
import { listManualEvents, startRecording, stopRecording } from '../api/client';
import { toApiError } from '../api/error';
import type { Camera, CameraEvent } from '../api/types';
import { Button } from '../components/button';
import { Message } from '../components/notice';
import { formatDuration } from '../i18n/format';
import { _ } from '../i18n/text';
import { getNowMs, watchRecordings } from '../state/app-state';
import { BookmarkDialog } from './day-locks';
import { useNow } from './use-timeline';

const LONGEST_MS = 3_600_000; // an event lasts no longer
const QUIET_MS = 200;
const LENGTHS_S = ['0', '60', '300', '1800'] as const;

/** The events of the last hour, of which one may still run. */
function useManualEvents(camera: string): readonly CameraEvent[] {
  const [events, setEvents] = useState<readonly CameraEvent[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const read = () => {
      const now = getNowMs();
      listManualEvents(camera, now - LONGEST_MS, now + LONGEST_MS, abort.signal).then(setEvents, () => undefined);
    };
    const unwatch = watchRecordings(changed => {
      if (changed !== null && changed !== camera) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(read, QUIET_MS);
    });
    read();
    return () => {
      unwatch();
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [camera]);
  return events;
}

function lengthWords(seconds: number): string {
  return seconds === 0 ? _('until stopped') : formatDuration(seconds);
}

function Running({ event, nowMs }: { event: CameraEvent; nowMs: number }) {
  const sinceS = Math.max(0, (nowMs - Date.parse(event.start)) / 1000);
  const leftS = event.end === null ? null : (Date.parse(event.end) - nowMs) / 1000;
  return (
    <span class="recording-now" role="timer">
      {leftS === null
        ? _('Recording for {length}', { length: formatDuration(sinceS) })
        : _('Recording, {length} left', { length: formatDuration(leftS) })}
    </span>
  );
}

type Length = (typeof LENGTHS_S)[number];

function LengthChoice({ length, onChange }: { length: Length; onChange: (length: Length) => void }) {
  return (
    <label class="record-length">
      {_('Record')}
      <select class="input" value={length} onChange={event => onChange(event.currentTarget.value as Length)}>
        {LENGTHS_S.map(seconds => (
          <option key={seconds} value={seconds}>
            {lengthWords(Number(seconds))}
          </option>
        ))}
      </select>
    </label>
  );
}

export function ByHand({ camera }: { camera: Camera }) {
  const now = useNow();
  const events = useManualEvents(camera.id);
  const [length, setLength] = useState<Length>('0');
  const [isBusy, setBusy] = useState(false);
  const [reason, setReason] = useState<string | null>(null);
  const [bookmarkMs, setBookmark] = useState<number | null>(null);
  const running = events.find(({ start, end }) => Date.parse(start) <= now && (end === null || Date.parse(end) > now));
  const act = (action: () => Promise<void>) => {
    setBusy(true);
    setReason(null);
    action()
      .catch(thrown => setReason(toApiError(thrown)?.message ?? null))
      .finally(() => setBusy(false));
  };
  if (!camera.enabled && !running) return null;
  return (
    <section class="panel record-panel" aria-label={_('Recording by hand')}>
      <div class="record-row">
        {running ? (
          <Button icon="stop" isDisabled={isBusy} onClick={() => act(() => stopRecording(camera.id))}>
            {_('Stop recording')}
          </Button>
        ) : (
          <Button icon="record" isDisabled={isBusy} onClick={() => act(() => startRecording(camera.id, length === '0' ? null : Number(length)))}>
            {_('Record now')}
          </Button>
        )}
        <Button icon="bookmark" onClick={() => setBookmark(getNowMs())}>
          {_('Bookmark')}
        </Button>
      </div>
      {running ? <Running event={running} nowMs={now} /> : <LengthChoice length={length} onChange={setLength} />}
      {bookmarkMs !== null && <BookmarkDialog camera={camera.id} ms={bookmarkMs} onClose={() => setBookmark(null)} />}
      {reason !== null && <Message tone="bad">{reason}</Message>}
      {camera.record === 'continuous' && !running && (
        <p class="field-hint">{_('Marks what is recorded anyway as an event, so that it is kept longer.')}</p>
      )}
    </section>
  );
}
