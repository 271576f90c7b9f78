// SPDX-License-Identifier: GPL-3.0-or-later

// A row that goes while it has the focus must not leave the keyboard at the top of the page.

import { useEffect, useRef } from 'preact/hooks';

/** For the section of a list: its heading, or the page's, has the focus when a row took it away. */
export function useKeptFocus(count: number) {
  const heading = useRef<HTMLHeadingElement>(null);
  const isInside = useRef(false);
  useEffect(() => {
    if (!isInside.current || document.activeElement !== document.body) return;
    isInside.current = false;
    (heading.current ?? document.querySelector<HTMLElement>('#main h1'))?.focus({ preventScroll: true });
  }, [count]);
  const section = {
    onFocusIn: () => {
      isInside.current = true;
    },
    onFocusOut: (event: FocusEvent) => {
      isInside.current = event.relatedTarget === null; // as of what is taken out of the page
    },
  };
  return { heading, section };
}
