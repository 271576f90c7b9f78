// SPDX-License-Identifier: GPL-3.0-or-later

// Whether the recordings are still what they were: the last verification, one that runs, and the
// buttons that begin one.

import { useState } from 'preact/hooks';
import { startVerification, stopVerification } from '../api/client';
import { type ApiError, toApiError } from '../api/error';
import type { Verification, VerifyProblem, VerifyReport } from '../api/types';
import { Button } from '../components/button';
import { Message } from '../components/notice';
import { formatDayTime, formatNumber } from '../i18n/format';
import { _, ngettext } from '../i18n/text';
import { problemWords } from '../state/words';
import { useVerification } from './use-storage';

function Progress({ report }: { report: VerifyReport | null }) {
  const total = report?.total ?? 0;
  const done = Math.min(report?.segments ?? 0, total);
  const words = _('{done} of {total} recordings', { done: formatNumber(done), total: formatNumber(total) });
  return (
    <div class="test-progress">
      <progress max={Math.max(1, total)} value={done} aria-label={_('Verifying')} />
      <span>{total > 0 ? words : _('Beginning …')}</span>
    </div>
  );
}

function Problems({ report }: { report: VerifyReport }) {
  const found = Object.entries(report.problems).filter(([problem, { found: n, repaired }]) => problem !== 'foreign' && n > repaired);
  return (
    <ul class="problems">
      {found.map(([problem, { found: n, repaired }]) => (
        <li key={problem}>
          {problemWords(problem as VerifyProblem)}: {formatNumber(n - repaired)}
        </li>
      ))}
    </ul>
  );
}

function Outcome({ report }: { report: VerifyReport }) {
  const repaired = Object.values(report.problems).reduce((sum, counts) => sum + counts.repaired, 0);
  if (report.error !== null)
    return (
      <Message tone="bad">
        <strong>{_('The last verification did not come to its end.')}</strong> {report.error}
      </Message>
    );
  return (
    <>
      {report.open_problems > 0 ? (
        <Message tone="bad">
          <strong>{ngettext('{n} problem was found.', '{n} problems were found.', report.open_problems)}</strong>
          <Problems report={report} />
        </Message>
      ) : (
        <Message tone="good">
          {ngettext('{n} recording is as it was written.', '{n} recordings are as they were written.', report.segments)}
        </Message>
      )}
      {repaired > 0 && <Message tone="info">{ngettext('{n} was repaired.', '{n} were repaired.', repaired)}</Message>}
    </>
  );
}

function timesOf({ last, next }: Verification): string {
  const times = [
    last === null ? _('Not verified yet.') : _('Last: {time}.', { time: formatDayTime(Date.parse(last)) }),
    next !== null && _('Next: {time}.', { time: formatDayTime(Date.parse(next)) }),
  ];
  return times.filter(Boolean).join(' ');
}

export function VerifyPanel() {
  const { verification, error: readError, again } = useVerification();
  const [error, setError] = useState<ApiError | null>(null);
  const isRunning = verification?.state === 'running';
  const report = verification?.report ?? null;
  const act = (action: () => Promise<unknown>) => {
    setError(null);
    action().then(again, thrown => setError(toApiError(thrown)));
  };
  const failure = error ?? (verification === null ? readError : null);
  return (
    <section class="panel verify" aria-labelledby="verify">
      <div class="panel-head">
        <h2 id="verify">{_('Are all recordings sound?')}</h2>
        {verification && !isRunning && <span class="count">{timesOf(verification)}</span>}
      </div>
      <p class="quiet">{_('Every file is read and compared with the catalog, slowly enough not to disturb recording.')}</p>
      {failure && <Message tone="bad">{failure.message}</Message>}
      <div role="status" aria-live="polite" class="verify-outcome">
        {!isRunning && report && !report.rebuild && <Outcome report={report} />}
      </div>
      <div class="test-row">
        {isRunning ? (
          <>
            <Button icon="close" onClick={() => act(stopVerification)}>
              {_('Stop')}
            </Button>
            <Progress report={report} />
          </>
        ) : (
          <>
            <Button icon="check" isDisabled={verification === null} onClick={() => act(() => startVerification(false))}>
              {_('Verify now')}
            </Button>
            {report !== null && report.open_problems > 0 && (
              <Button onClick={() => act(() => startVerification(true))}>{_('Verify and repair')}</Button>
            )}
          </>
        )}
      </div>
    </section>
  );
}
