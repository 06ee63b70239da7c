/** A value that can be watched: the page's state that lives longer than a component. */

import { useSyncExternalStore } from "react";

export class Store<State> {
  private watchers = new Set<() => void>();

  constructor(private current: State) {}

  get state(): State {
    return this.current;
  }

  set(state: State): void {
    if (Object.is(state, this.current)) return;
    this.current = state;
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Call `watcher` after every change, until the returned function is called. */
  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  };
}

/** The store's state; the component renders again when it changes. */
export function useStore<State>(store: Store<State>): State {
  return useSyncExternalStore(store.watch, () => store.state);
}
