// SPDX-License-Identifier: GPL-3.0-or-later

import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon } from './icon';

interface PageHeadProps {
  title: string;
  /** The page that this one belongs to. */
  parent?: { href: string; name: string };
  /** Stands beside the title. */
  aside?: ComponentChildren;
  actions?: ComponentChildren;
}

export function PageHead({ title, parent, aside, actions }: PageHeadProps) {
  const about = parent && parent.href !== '/' ? `${title} · ${parent.name}` : title; // tabs of several cameras
  useEffect(() => {
    document.title = `${about} · Potoo`;
  }, [about]);
  return (
    <header class="page-head">
      <div class="page-title">
        {parent && (
          <a class="parent-link" href={parent.href}>
            <Icon name="back" className="mirrored" />
            {parent.name}
          </a>
        )}
        <div class="title-row">
          <h1 tabIndex={-1}>{title}</h1>
          {aside}
        </div>
      </div>
      {actions && <div class="page-actions">{actions}</div>}
    </header>
  );
}
