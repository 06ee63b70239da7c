import { describe, expect, it } from "vitest";
import { keyFor, moved, parseDashboard, withWidget, type Dashboard, type Widget } from "./dashboards";

const values = (title: string): Widget => ({ kind: "values", title, parameters: ["NAV.FIX"], wide: false });
const plot: Widget = { kind: "plot", title: "height", parameters: ["NAV.ALTITUDE"], seconds: 600, wide: true };
const dashboard: Dashboard = { title: "Launch", widgets: [values("a"), plot, values("b")] };
const titles = ({ widgets }: Dashboard) => widgets.map((each) => each.title);

describe("a dashboard", () => {
  it("is read as it was written", () => {
    expect(parseDashboard(JSON.stringify(dashboard))).toEqual(dashboard);
  });

  it.each(["", "{", "null", "[]", '{"title": 5, "widgets": []}', '{"title": "x"}'])("is none when it is %j", (text) =>
    expect(parseDashboard(text)).toBeNull(),
  );

  it("leaves out what this page does not know, and fills in what is missing", () => {
    const text = JSON.stringify({
      title: "x",
      widgets: [null, { kind: "map", parameters: [] }, { kind: "plot", parameters: ["A", 5], seconds: "long" }],
    });
    expect(parseDashboard(text)?.widgets).toEqual([
      { kind: "plot", title: "", parameters: ["A"], seconds: 60, wide: false },
    ]);
  });

  it("is arranged by moving, changing and taking away", () => {
    expect(titles(moved(dashboard, 0, 1))).toEqual(["height", "a", "b"]);
    expect(titles(moved(dashboard, 0, -1))).toEqual(["a", "height", "b"]);
    expect(titles(moved(dashboard, 2, 1))).toEqual(["a", "height", "b"]);
    expect(titles(withWidget(dashboard, 1, null))).toEqual(["a", "b"]);
    expect(titles(withWidget(dashboard, 1, values("c")))).toEqual(["a", "c", "b"]);
  });

  it("has a key that is one token of a subject, and its own", () => {
    expect(keyFor("Launch, pad 2!", [])).toBe("launch-pad-2");
    expect(keyFor("Größe", [])).toBe("gro-e");
    expect(keyFor("…", [])).toBe("dashboard");
    expect(keyFor("Launch", ["launch", "launch-2"])).toBe("launch-3");
  });
});
