/** Which time the whole page shows: now, a time of the past, or a replay. It stands in the address. */

import { fromIso, iso } from "./format";
import type { Changes, Route } from "./route";

export type View =
  | { kind: "live" }
  /** `known: "then"`: what was recorded by then, of the generation live then; `"today"`: what is known of it now. */
  | { kind: "then"; at: number; known: "then" | "today" }
  | { kind: "replay"; id: string };

export function viewOf(route: Route): View {
  const replay = route.args.get("replay");
  if (replay) return { kind: "replay", id: replay };
  const at = fromIso(route.args.get("at") ?? "");
  if (Number.isNaN(at)) return { kind: "live" };
  return { kind: "then", at, known: route.args.get("know") === "today" ? "today" : "then" };
}

/** The arguments of the address that say a view. */
export function argsOf(view: View): Changes {
  return {
    at: view.kind === "then" ? iso(view.at) : null,
    know: view.kind === "then" && view.known === "today" ? "today" : null,
    replay: view.kind === "replay" ? view.id : null,
  };
}

/** Fields of a request that ask for what a view shows. */
export interface ViewScope {
  as_of?: string;
  to?: string;
}

/** For "then": what was known then. For "today": what is known today of the time until then. */
export function scopeOf(view: View): ViewScope {
  if (view.kind !== "then") return {};
  return view.known === "then" ? { as_of: iso(view.at) } : { to: iso(view.at) };
}

export function sameView(a: View, b: View): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
