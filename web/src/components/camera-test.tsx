// SPDX-License-Identifier: GPL-3.0-or-later

// Tries the settings of the form and shows what came of it.

import { useEffect, useRef, useState } from 'preact/hooks';
import { testCamera } from '../api/client';
import { type ApiError, toApiError } from '../api/error';
import type { CameraInput, TestResult, TestTrack } from '../api/types';
import { formatCodec, formatDuration, formatRate } from '../i18n/format';
import { _ } from '../i18n/text';
import { Button } from './button';
import { Message } from './notice';

const LONGEST_S = 10;

interface CameraTestProps {
  input: CameraInput & { id?: string };
  isReady: boolean;
  /** An error of the request itself, such as an address that is none; null takes it back. */
  onError: (error: ApiError | null) => void;
}

function trackWords(track: TestTrack): string {
  const facts = [
    formatCodec(track.codec),
    track.width ? `${track.width} × ${track.height}` : '',
    track.fps ? formatRate(track.fps) : '',
  ].filter(Boolean);
  const kind = track.kind === 'video' ? _('Video') : _('Sound');
  return `${kind}: ${facts.join(' · ')}`;
}

function Outcome({ result }: { result: TestResult }) {
  if (!result.ok)
    return (
      <Message tone="bad">
        <strong>{_('The test failed.')}</strong> {result.reason}
      </Message>
    );
  return (
    <div class="test-outcome">
      {result.picture !== null && <img src={result.picture} alt={_('What the camera sees')} />}
      <Message tone="good">
        <strong>{_('The camera answers.')}</strong>{' '}
        {_('First picture after {duration}.', { duration: formatDuration(result.seconds) })}
        <ul class="tracks">
          {result.tracks.map(track => (
            <li key={track.kind + track.codec}>{trackWords(track)}</li>
          ))}
        </ul>
      </Message>
    </div>
  );
}

function Progress() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const started = performance.now();
    const timer = window.setInterval(() => setSeconds((performance.now() - started) / 1000), 100);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <div class="test-progress">
      <progress max={LONGEST_S} value={Math.min(seconds, LONGEST_S)} aria-label={_('Testing')} />
      <span>{_('Connecting, for up to {n} s …', { n: LONGEST_S })}</span>
    </div>
  );
}

export function CameraTest({ input, isReady, onError }: CameraTestProps) {
  const [result, setResult] = useState<TestResult | null>(null);
  const running = useRef<AbortController | null>(null);
  const [isRunning, setRunning] = useState(false);
  useEffect(() => () => running.current?.abort(), []);

  const run = async () => {
    const abort = new AbortController();
    running.current = abort;
    setRunning(true);
    setResult(null);
    onError(null);
    try {
      setResult(await testCamera(input, abort.signal));
    } catch (thrown) {
      onError(toApiError(thrown));
    }
    if (running.current === abort) setRunning(false);
  };
  const cancel = () => {
    running.current?.abort();
    running.current = null;
    setRunning(false);
  };
  return (
    <div class="test">
      <div class="test-row">
        {isRunning ? (
          <Button icon="close" onClick={cancel}>
            {_('Stop the test')}
          </Button>
        ) : (
          <Button icon="check" isDisabled={!isReady} onClick={() => void run()}>
            {_('Test connection')}
          </Button>
        )}
        {isRunning && <Progress />}
      </div>
      <div role="status" aria-live="polite">
        {result && <Outcome result={result} />}
      </div>
    </div>
  );
}
