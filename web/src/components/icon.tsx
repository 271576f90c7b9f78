// SPDX-License-Identifier: GPL-3.0-or-later

// Drawn for Potoo: 24 units wide, lines of 1.75, in the colour of the text around them. They only
// accompany words or an accessible name, so they are hidden from screen readers.

const paths = {
  add: 'M12 5v14M5 12h14',
  bookmark: 'M7 4.5h10v15l-5-4-5 4z',
  back: 'M15 5l-7 7 7 7',
  earlier: 'M11 6l-6 6 6 6M5 12h14',
  forward: 'M9 5l7 7-7 7',
  camera: 'M3.5 8.5a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2zM15.5 11l5-3v8l-5-3',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  clock: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2',
  close: 'M6 6l12 12M18 6L6 18',
  film: 'M4 6a1.5 1.5 0 0 1 1.5-1.5h13A1.5 1.5 0 0 1 20 6v12a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18zM8 4.5v15M16 4.5v15M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4',
  fullscreen: 'M8.5 4H4v4.5M15.5 4H20v4.5M8.5 20H4v-4.5M15.5 20H20v-4.5',
  key: 'M14.5 4a5.5 5.5 0 0 0-5.2 7.3L4 16.6V20h3.4v-2.5H10V15h1.5l1.2-1.2A5.5 5.5 0 1 0 14.5 4zM16 8.4v.2',
  later: 'M13 6l6 6-6 6M19 12H5',
  disk: 'M4 6.5C4 5 7.6 4 12 4s8 1 8 2.5v11c0 1.5-3.6 2.5-8 2.5s-8-1-8-2.5zM4 6.5C4 8 7.6 9 12 9s8-1 8-2.5M4 12c0 1.5 3.6 2.5 8 2.5s8-1 8-2.5',
  event: 'M13 3.5L5.5 13.5H12l-1 7 7.5-10H12z',
  lock: 'M6.5 11h11v8.5h-11zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  off: 'M12 3.5v8M7 6.4a7.5 7.5 0 1 0 10 0',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  pencil: 'M5 19l1-4.2L16.2 4.6a1.4 1.4 0 0 1 2 0l1.2 1.2a1.4 1.4 0 0 1 0 2L9.2 18z',
  play: 'M8 5.5v13l10.5-6.5z',
  record: 'M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10z',
  skipback: 'M11 6l-6 6 6 6M19 6l-6 6 6 6',
  skipforward: 'M13 6l6 6-6 6M5 6l6 6-6 6',
  stepback: 'M16.5 6l-7 6 7 6zM7 6v12',
  stepforward: 'M7.5 6l7 6-7 6zM17 6v12',
  stop: 'M7.5 7.5h9v9h-9z',
  sound: 'M4 9.5h3.5L12 5.5v13l-4.5-4H4zM15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  mute: 'M4 9.5h3.5L12 5.5v13l-4.5-4H4zM16 9.5l5 5M21 9.5l-5 5',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3L7 7M17 17l1.7 1.7M18.7 5.3L17 7M7 17l-1.7 1.7',
  auto: 'M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17',
  unlock: 'M6.5 11h11v8.5h-11zM8.5 11V8a3.5 3.5 0 0 1 6.8-1.2',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5',
  unlink: 'M9.5 14.5l5-5M7.5 11l-2 2a3.9 3.9 0 0 0 5.5 5.5l2-2M16.5 13l2-2A3.9 3.9 0 0 0 13 5.5l-2 2',
  warning: 'M12 4L2.8 19.5h18.4zM12 10v4.5M12 17v.2',
  wait: 'M12 3.5a8.5 8.5 0 1 1-8.5 8.5',
  zoomin: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20M10.5 7.8v5.4M7.8 10.5h5.4',
  zoomout: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20M7.8 10.5h5.4',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg class={`icon icon-${name} ${className}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
