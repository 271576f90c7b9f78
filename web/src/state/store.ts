// SPDX-License-Identifier: GPL-3.0-or-later

// A value that components watch.

import { useEffect, useState } from 'preact/hooks';

export interface Store<State> {
  get(): State;
  /** Watchers hear of it only when `next` is another value. */
  set(next: State): void;
  subscribe(watcher: () => void): () => void;
}

export function createStore<State>(initial: State): Store<State> {
  const watchers = new Set<() => void>();
  let state = initial;
  return {
    get: () => state,
    set(next) {
      if (Object.is(next, state)) return;
      state = next;
      for (const watcher of [...watchers]) watcher();
    },
    subscribe(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** What `select` makes of the store's value; draws anew when that changes. */
export function useStore<State, Part>(store: Store<State>, select: (state: State) => Part): Part {
  const part = select(store.get());
  const [, draw] = useState(0);
  useEffect(() => {
    let seen = part;
    const look = () => {
      const now = select(store.get());
      if (Object.is(now, seen)) return;
      seen = now;
      draw(count => count + 1);
    };
    look();
    return store.subscribe(look);
  }, [store, part, select]);
  return part;
}
