// SPDX-License-Identifier: GPL-3.0-or-later

// The history of the browser as a store of the current route. Links are plain links; those that
// lead to a page of ours are followed without loading anew.

import { createStore, useStore } from '../state/store';
import { type Route, hrefOf, isSamePage, parseRoute } from './router';

const readRoute = () => parseRoute(location.pathname, location.search);
const store = createStore<Route>(readRoute());
const same = (route: Route) => route;

export function useRoute(): Route {
  return useStore(store, same);
}

export function navigate(route: Route, { replace = false } = {}): void {
  const href = hrefOf(route);
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  if (!isSamePage(route, store.get())) window.scrollTo(0, 0);
  store.set(route);
}

/** The address tells where the page is, but the page does not begin anew by it. */
export function noteAddress(route: Route): void {
  history.replaceState(null, '', hrefOf(route));
}

function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

function onClick(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || !isPlainClick(event)) return;
  if (link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return;
  if (link.hash !== '' && link.pathname === location.pathname) return;
  const route = parseRoute(link.pathname, link.search);
  if (route.page === 'unknown') return; // not a page of ours: the daemon answers
  event.preventDefault();
  navigate(route);
}

export function startNavigation(): void {
  window.addEventListener('popstate', () => store.set(readRoute()));
  document.addEventListener('click', onClick);
}
