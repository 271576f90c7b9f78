// SPDX-License-Identifier: GPL-3.0-or-later

import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon';

interface NoticeProps {
  title: string;
  icon: IconName;
  tone?: 'plain' | 'bad';
  children?: ComponentChildren;
}

/** What stands in place of content that is not there: why, and what can be done. */
export function Notice({ title, icon, tone = 'plain', children }: NoticeProps) {
  return (
    <section class={`notice notice-${tone}`}>
      <span class="notice-icon">
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** One line that matters, above or inside other content. */
export function Message({ tone, children }: { tone: 'info' | 'bad' | 'good'; children: ComponentChildren }) {
  const icon = tone === 'bad' ? 'warning' : tone === 'good' ? 'check' : 'clock';
  return (
    <div class={`message message-${tone}`}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}
