import { describe, expect, it } from "vitest";
import { changed, parseRoute } from "./route";
import { moved, padded, rangeOf, windowArgs, windowOf, zoomed, type PlotWindow } from "./plotWindow";

const RANGE = { from: 1000, to: 3000 };

describe("a plot's window", () => {
  it("follows the newest time or stays", () => {
    expect(rangeOf({ kind: "last", seconds: 60 }, 100_000)).toEqual({ from: 40_000, to: 100_000 });
    expect(rangeOf({ kind: "fixed", ...RANGE }, 100_000)).toMatchObject(RANGE);
  });

  it("zooms around a moment, which stays where it is", () => {
    expect(zoomed(RANGE, 0.5)).toEqual({ kind: "fixed", from: 1500, to: 2500 });
    expect(zoomed(RANGE, 0.5, 1000)).toEqual({ kind: "fixed", from: 1000, to: 2000 });
    expect(zoomed(RANGE, 2, 3000)).toEqual({ kind: "fixed", from: -1000, to: 3000 });
  });

  it("does not become so short or long that there is nothing to see", () => {
    let window = zoomed(RANGE, 1e-9);
    expect(rangeOf(window, 0).to - rangeOf(window, 0).from).toBeCloseTo(1);
    window = zoomed(RANGE, 1e30);
    expect(rangeOf(window, 0).to - rangeOf(window, 0).from).toBeCloseTo(3.2e13);
  });

  it("moves by parts of its length", () => {
    expect(moved(RANGE, -0.5)).toEqual({ kind: "fixed", from: 0, to: 2000 });
    expect(padded(RANGE)).toEqual({ from: 500, to: 3500 });
  });

  it("stands in the address", () => {
    const windows: PlotWindow[] = [
      { kind: "last", seconds: 600 },
      { kind: "fixed", from: 1000.25, to: 3000 },
    ];
    for (const before of windows) {
      for (const window of windows) {
        const route = changed(changed(parseRoute("#/plots"), windowArgs(before)), windowArgs(window));
        expect(windowOf(route.args)).toEqual(window);
      }
    }
    expect(windowOf(new URLSearchParams("from=2026-05-02&to=2026-05-01&last=x"))).toEqual({ kind: "last", seconds: 60 });
  });
});
