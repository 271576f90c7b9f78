// SPDX-License-Identifier: GPL-3.0-or-later

// What a camera does: in words, with colour and icon, and why it does not stream.

import { useEffect, useState } from 'preact/hooks';
import type { Camera, CameraStatus } from '../api/types';
import { formatCountdown } from '../i18n/format';
import { _ } from '../i18n/text';
import { getNowMs } from '../state/app-state';
import { stateTone, stateWords } from '../state/words';
import { Icon, type IconName } from './icon';

const icons: Record<CameraStatus['state'], IconName> = {
  disabled: 'off',
  connecting: 'wait',
  streaming: 'check',
  'backing-off': 'unlink',
  'auth-failed': 'key',
  'no-video': 'warning',
  'no-keyframes': 'warning',
};

export function CameraState({ camera }: { camera: Camera }) {
  const { status } = camera;
  return (
    <span class={`state state-${stateTone(status.state)}`} data-state={status.state}>
      <Icon name={icons[status.state]} />
      {stateWords(camera)}
    </span>
  );
}

/** Counts down while it is shown; nothing when no try is planned. */
export function RetryCountdown({ at }: { at: string | null }) {
  const [now, setNow] = useState(getNowMs);
  useEffect(() => {
    if (at === null) return;
    const timer = window.setInterval(() => setNow(getNowMs()), 1000);
    return () => window.clearInterval(timer);
  }, [at]);
  if (at === null) return null;
  const seconds = (Date.parse(at) - now) / 1000;
  return (
    <span class="countdown">
      {seconds > 0 ? _('Next try {when}.', { when: formatCountdown(seconds) }) : _('Trying again now.')}
    </span>
  );
}

export function CameraReason({ status }: { status: CameraStatus }) {
  if (status.state === 'streaming' || status.state === 'disabled') return null;
  if (status.reason === null && status.retry_at === null) return null;
  return (
    <p class="reason">
      {status.reason} <RetryCountdown at={status.retry_at} />
    </p>
  );
}
