import { describe, expect, it } from "vitest";
import { changed, formatRoute, parseRoute, routeTo, type PageName } from "./route";

describe("a route", () => {
  it.each(["#/plots?p=NAV.ALTITUDE&p=NAV.FIX", "#/console", "#/flights?at=2026-05-01T12%3A00%3A00Z"])(
    "is read and written alike: %s",
    (hash) => expect(formatRoute(parseRoute(hash))).toBe(hash),
  );

  it.each(["", "#", "#/nowhere", "nonsense?x=1"])("is the console when it is %j", (hash) =>
    expect(parseRoute(hash).page).toBe("console"),
  );

  it("takes the time along to another page, and finds that page as it was left", () => {
    const last = new Map<PageName, URLSearchParams>([["plots", new URLSearchParams("p=NAV.ALTITUDE&at=old")]]);
    const now = parseRoute("#/console?search=volt&at=2026-05-01&know=today");
    expect(formatRoute(routeTo("plots", now, last))).toBe("#/plots?p=NAV.ALTITUDE&at=2026-05-01&know=today");
    expect(formatRoute(routeTo("console", now, last))).toBe("#/console?search=volt&at=2026-05-01&know=today");
    expect(formatRoute(routeTo("plots", parseRoute("#/console"), last))).toBe("#/plots?p=NAV.ALTITUDE");
  });

  it("changes by name", () => {
    const route = changed(parseRoute("#/plots?p=A&last=60"), { p: ["B", "C"], last: null, from: "1" });
    expect(formatRoute(route)).toBe("#/plots?p=B&p=C&from=1");
  });
});
