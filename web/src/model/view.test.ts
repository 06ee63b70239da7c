import { expect, it } from "vitest";
import { changed, parseRoute } from "./route";
import { argsOf, scopeOf, viewOf, type View } from "./view";

const NOON = Date.UTC(2026, 4, 1, 12);
const VIEWS: View[] = [
  { kind: "live" },
  { kind: "then", at: NOON + 0.125, known: "then" },
  { kind: "then", at: NOON, known: "today" },
  { kind: "replay", id: "0a1b2c3d" },
];

it("stands in the address, whatever was there before", () => {
  for (const before of VIEWS) {
    for (const view of VIEWS) {
      const route = changed(changed(parseRoute("#/plots?p=NAV.FIX"), argsOf(before)), argsOf(view));
      expect(viewOf(route)).toEqual(view);
      expect(route.args.get("p")).toBe("NAV.FIX");
    }
  }
});

it("is live where the address makes no sense", () => {
  expect(viewOf(parseRoute("#/console?at=yesterday"))).toEqual({ kind: "live" });
});

it("asks what was known then, or what is known today about then", () => {
  expect(VIEWS.map(scopeOf)).toEqual([
    {},
    { as_of: "2026-05-01T12:00:00.000125Z" },
    { to: "2026-05-01T12:00:00.000000Z" },
    {},
  ]);
});
