/** Where the page is: `#/plots?p=NAV.ALTITUDE&at=…`. The address holds it, so a link or a reload leads back. */

import { Store } from "./store";

export const PAGES = ["console", "plots", "dashboards", "flights", "telecommands", "audit"] as const;
export type PageName = (typeof PAGES)[number];

export interface Route {
  page: PageName;
  args: URLSearchParams;
}

/** Arguments that all pages share: the time that is looked at. */
const SHARED = ["at", "know", "replay"];

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const page = PAGES.find((each) => each === path) ?? "console";
  return { page, args: new URLSearchParams(query) };
}

export function formatRoute({ page, args }: Route): string {
  const query = args.toString();
  return `#/${page}${query ? `?${query}` : ""}`;
}

/** The route to `page`: with its own arguments as they were last, and the shared ones as they are now. */
export function routeTo(page: PageName, now: Route, last: ReadonlyMap<PageName, URLSearchParams>): Route {
  const args = new URLSearchParams(page === now.page ? now.args : last.get(page));
  for (const name of SHARED) {
    args.delete(name);
    for (const value of now.args.getAll(name)) args.append(name, value);
  }
  return { page, args };
}

/** A change of arguments: null takes one away, a list gives several of one name. */
export type Changes = Record<string, string | readonly string[] | null>;

export function changed(route: Route, changes: Changes): Route {
  const args = new URLSearchParams(route.args);
  for (const [name, value] of Object.entries(changes)) {
    args.delete(name);
    for (const each of value === null ? [] : [value].flat()) args.append(name, each);
  }
  return { page: route.page, args };
}

/** Follows the browser's address, and changes it. */
export class Router {
  readonly store = new Store<Route>(parseRoute(location.hash));
  private last = new Map<PageName, URLSearchParams>();

  start(): () => void {
    const follow = () => this.become(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    follow();
    return () => removeEventListener("hashchange", follow);
  }

  get route(): Route {
    return this.store.state;
  }

  /** The address of a page, for links. */
  href(page: PageName, changes: Changes = {}): string {
    return formatRoute(changed(routeTo(page, this.route, this.last), changes));
  }

  /** Go to a page; the browser's way back leads here. */
  go(page: PageName, changes: Changes = {}): void {
    location.hash = this.href(page, changes);
  }

  /** Change arguments of this page; no step on the browser's way back. */
  change(changes: Changes): void {
    const route = changed(this.route, changes);
    history.replaceState(history.state, "", formatRoute(route));
    this.become(route);
  }

  private become(route: Route): void {
    this.last.set(route.page, route.args);
    if (formatRoute(route) !== formatRoute(this.store.state) || route.page !== this.store.state.page) {
      this.store.set(route);
    }
  }
}
