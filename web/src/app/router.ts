// SPDX-License-Identifier: GPL-3.0-or-later

// Which page a path names, and the path of a page. Pure; navigation.ts knows the browser.

export type Route =
  | { page: 'cameras' }
  | { page: 'add' }
  | { page: 'storage' }
  | { page: 'live'; id: string }
  | { page: 'edit'; id: string }
  | { page: 'recordings'; id: string; atMs: number | null }
  | { page: 'unknown'; path: string };

const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

function parseTime(search: string): number | null {
  const text = new URLSearchParams(search).get('t');
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

export function parseRoute(path: string, search: string): Route {
  const [first = '', id = '', last, ...rest] = path.replace(/\/+$/, '').split('/').slice(1);
  const unknown: Route = { page: 'unknown', path };
  if (rest.length > 0) return unknown;
  if (first === '') return id === '' ? { page: 'cameras' } : unknown;
  if (first === 'storage') return id === '' ? { page: 'storage' } : unknown;
  if (!SLUG.test(id)) return unknown;
  if (first === 'cameras' && last === undefined) return id === 'new' ? { page: 'add' } : { page: 'live', id };
  if (first === 'cameras' && last === 'edit') return { page: 'edit', id };
  if (first === 'recordings' && last === undefined) return { page: 'recordings', id, atMs: parseTime(search) };
  return unknown;
}

export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'cameras':
      return '/';
    case 'add':
      return '/cameras/new';
    case 'storage':
      return '/storage';
    case 'live':
      return `/cameras/${route.id}`;
    case 'edit':
      return `/cameras/${route.id}/edit`;
    case 'recordings':
      return `/recordings/${route.id}${route.atMs === null ? '' : `?t=${new Date(route.atMs).toISOString()}`}`;
    case 'unknown':
      return route.path;
  }
}

/** Whether two routes are the same page about the same thing, so that nothing begins anew. */
export function isSamePage(a: Route, b: Route): boolean {
  return a.page === b.page && ('id' in a ? a.id : null) === ('id' in b ? b.id : null);
}
