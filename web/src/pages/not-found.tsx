// SPDX-License-Identifier: GPL-3.0-or-later

import { ButtonLink } from '../components/button';
import { Notice } from '../components/notice';
import { PageHead } from '../components/page-head';
import { _ } from '../i18n/text';

export function NotFoundPage() {
  return (
    <>
      <PageHead title={_('Page not found')} />
      <Notice title={_('There is nothing at this address')} icon="warning">
        <p>{_('Perhaps it was mistyped, or what it showed has been removed.')}</p>
        <ButtonLink href="/" kind="primary" icon="camera">
          {_('All cameras')}
        </ButtonLink>
      </Notice>
    </>
  );
}

interface UnknownCameraProps {
  id: string;
  /** Whether it may have left recordings. */
  mayHaveRecordings: boolean;
}

/** For a page about a camera that does not exist. */
export function UnknownCamera({ id, mayHaveRecordings }: UnknownCameraProps) {
  return (
    <>
      <PageHead title={_('Camera not found')} parent={{ href: '/', name: _('Cameras') }} />
      <Notice title={_('There is no camera “{id}”', { id })} icon="camera">
        {mayHaveRecordings && (
          <p>{_('Perhaps it has been removed. Its recordings are kept and can still be watched.')}</p>
        )}
        <div class="notice-actions">
          <ButtonLink href="/" kind="primary" icon="camera">
            {_('All cameras')}
          </ButtonLink>
          {mayHaveRecordings && (
            <ButtonLink href={`/recordings/${id}`} icon="film">
              {_('Its recordings')}
            </ButtonLink>
          )}
        </div>
      </Notice>
    </>
  );
}
