import { expect, it } from "vitest";
import { lastVerification } from "./audit";
import type { Operation } from "./operations";

const broken = { stream: "COMMANDS", offset: 7, what: "is missing" };
const events: Operation[] = [
  { offset: 1, recorded: 1000, kind: "audit-verified", fields: { who: "anna", good: true, streams: {} } },
  {
    offset: 2,
    recorded: 2000,
    kind: "audit-verified",
    fields: {
      who: "ben",
      good: false,
      unsealed: 3,
      streams: { COMMANDS: { messages: 9, last_offset: 10, proven_to: 6, broken: 1, first_broken: broken } },
    },
  },
  { offset: 3, recorded: 3000, kind: "audit-exported", fields: {} },
];

it("is the newest verification, with what broke first", () => {
  const found = lastVerification(events);
  expect([found?.who, found?.good, found?.unsealed, found?.recorded]).toEqual(["ben", false, 3, 2000]);
  expect(found?.streams).toEqual([
    { stream: "COMMANDS", messages: 9, lastOffset: 10, provenTo: 6, broken: 1, first: broken },
  ]);
});

it("is none where nothing was verified, and takes an event that says nothing", () => {
  expect(lastVerification(events.slice(2))).toBeNull();
  const empty = lastVerification([{ offset: 1, recorded: 1, kind: "audit-verified", fields: {} }]);
  expect([empty?.good, empty?.streams]).toEqual([false, []]);
});
