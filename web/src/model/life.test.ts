import { expect, it } from "vitest";
import { isCancellable, stepsOf, toneOf, waitsForApproval, whyNotApprove } from "./life";
import type { Life, LifeEvent } from "./telecommands";

const SECOND = 1_000_000_000n;

function event(name: string, offset: number, seconds: number, fields: object = {}): LifeEvent {
  const recorded = 1_700_000_000n * SECOND + BigInt(seconds) * SECOND;
  return { event: name, offset, recorded, who: "anna", authenticated: true, from: "x@host", why: "", ...fields };
}

function life(events: LifeEvent[], misfits: Life["misfits"] = []): Life {
  const summary = { id: "abcd", name: "/D/PING", state: "sent", settled: false, issuer: "anna", submitted: 0 };
  const rest = { significance: "none", link: "radio", arguments: {}, approvals_needed: 0, approvers: [], release_at: 0 };
  return { ...summary, ...rest, expires: 0, missing: [], failed_at: "", reason: "", packet: "", events, misfits };
}

it("has a step for each event, with the time since the one before", () => {
  const steps = stepsOf(life([event("submitted", 3, 0), event("released", 5, 2), event("sent", 9, 2, { bytes: 13 })]));
  expect(steps.map(({ event, after, detail }) => [event, after, detail])).toEqual([
    ["submitted", null, ""],
    ["released", 2, ""],
    ["sent", 0, "13 bytes"],
  ]);
});

it("names the packet that proves a report, and shows a forged event at its place", () => {
  const proof = { packet: "/D/TC_COMPLETED", frame_offset: 77, generation: "g-1" };
  const forged = { ...event("cancelled", 4, 1), misfit: "it can not be cancelled" };
  const steps = stepsOf(life([event("submitted", 3, 0), event("completed", 5, 2, proof)], [forged]));
  expect(steps.map((step) => step.misfit)).toEqual(["", "it can not be cancelled", ""]);
  expect(steps[2]?.proof).toEqual({ packet: "TC_COMPLETED", frameOffset: 77, generation: "g-1" });
});

it("knows only what was recorded by a time", () => {
  const all = life([event("submitted", 3, 0), event("sent", 5, 10)]);
  expect(stepsOf(all, 1_700_000_005_000).map((step) => step.event)).toEqual(["submitted"]);
});

it("says what an end means", () => {
  const details = [
    event("failed", 1, 0, { stage: "start", code: 4 }),
    event("timed-out", 2, 0, { missing: ["accepted", "completed"] }),
    event("resolved", 3, 0, { arrived: false }),
    event("rejected", 4, 0, { problems: { RATE: "is missing" } }),
    event("progressed", 5, 0, { step: 2 }),
  ];
  expect(stepsOf(life(details)).map((step) => step.detail)).toEqual([
    "at start, code 4",
    "missing: accepted, completed",
    "it did not arrive",
    "RATE is missing",
    "step 2",
  ]);
});

it("tells who may not approve, and what still can be cancelled", () => {
  const one = { state: "submitted", issuer: "anna", approvals_needed: 2, approvers: ["ben"] };
  expect(waitsForApproval(one)).toBe(true);
  expect(waitsForApproval({ ...one, approvers: ["ben", "cleo"] })).toBe(false);
  expect(["anna", "ben", "cleo"].map((user) => whyNotApprove(one, user) !== "")).toEqual([true, true, false]);
  expect(["released", "claimed", "uncertain"].map(isCancellable)).toEqual([true, false, false]);
  expect(["completed", "uncertain", "sent", "expired"].map(toneOf)).toEqual(["good", "bad", "busy", "over"]);
});
