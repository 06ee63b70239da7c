import { expect, it } from "vitest";
import { allows, covers, whyNot } from "./rights";

it("knows NATS wildcards", () => {
  const cases: [string, string, boolean][] = [
    ["query.>", "query.latest", true],
    ["query.>", "query", false],
    ["telecommand.*.log", "telecommand.anna.log", true],
    ["telecommand.*.log", "telecommand.anna.log.x", false],
    ["replay.*.control", "replay.4f.taken", false],
    ["a.*.>", "a.b.c.d", true],
    [">", "anything.at.all", true],
  ];
  for (const [pattern, subject, covered] of cases) expect([pattern, covers(pattern, subject)]).toEqual([pattern, covered]);
});

it("allows what is listed and not denied, and all where there is no list", () => {
  const viewer = { publish: { allow: ["query.>", "telecommand.vera.check"] } };
  expect(allows(viewer, "telecommand.vera.submit")).toBe(false);
  expect(allows(viewer, "telecommand.vera.check")).toBe(true);
  expect(allows({ publish: { allow: [">"], deny: ["x.>"] } }, "x.y")).toBe(false);
  expect(allows({}, "telecommand.vera.submit")).toBe(true);
});

it("tells what is not allowed with the role that it takes", () => {
  expect(whyNot("vera", "reprocess", "operator", true)).toBe("");
  expect(whyNot("vera", "reprocess", "operator", false)).toBe("vera may not reprocess: that takes the role operator.");
});
