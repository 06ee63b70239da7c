import { describe, expect, it } from "vitest";
import { Board, type Sample } from "./board";
import { Catalog } from "./catalog";
import { parameter } from "./testing";

const altitude = parameter("NAV", "ALTITUDE", {
  alarms: [
    {
      level: "warning",
      form: "outside",
      minimum: null,
      maximum: 100,
      min_inclusive: true,
      max_inclusive: true,
      label: "",
    },
  ],
});
const digest = parameter("NAV", "DIGEST", { type: "binary", rawType: "binary", rawColumn: "DIGEST" });
const made = parameter("NAV", "MADE", { type: "timestamp[ns, tz=UTC]", rawType: "uint32" });

const message = (columns: object, rows = 1, table = "NAV") =>
  new TextEncoder().encode(
    JSON.stringify({ table, rows, columns: { received: 2_000_000, time: 1_000_000, frame_offset: 7, ...columns } }),
  );

const board = () => new Board(new Catalog("g-1", [altitude, digest, made]));

describe("a board", () => {
  it("shows the last row and tells of all", () => {
    const one = board();
    const seen: [string, Sample][] = [];
    one.watch((key, sample) => seen.push([key, sample]));
    one.take(message({ ALTITUDE: [99, 101], ALTITUDE__raw: [990, 1010], frame_offset: [7, 8] }, 2));
    expect(one.get("NAV.ALTITUDE")).toEqual({
      value: 101,
      raw: 1010,
      level: "warning",
      received: 2,
      time: 1,
      frameOffset: 8,
    });
    expect(seen.map(([key, sample]) => [key, sample.value])).toEqual([
      ["NAV.ALTITUDE", 99],
      ["NAV.ALTITUDE", 101],
    ]);
    expect(one.takeChanged()).toEqual(["NAV.ALTITUDE"]);
    expect(one.takeChanged()).toEqual([]);
  });

  it("takes the alarms of the context that the packet tells", () => {
    const limit = { ...altitude.alarms[0]!, maximum: 10 };
    const watched = parameter("NAV", "ALTITUDE", {
      alarms: altitude.alarms,
      contextAlarms: [{ when: "PHASE == PAD", alarms: [limit] }],
      contextColumn: "ALTITUDE__context",
    });
    const one = new Board(new Catalog("g-1", [watched]));
    const seen: string[] = [];
    one.watch((_, sample) => seen.push(sample.level));
    one.take(message({ ALTITUDE: [50, 50], ALTITUDE__context: [1, 0], frame_offset: [7, 8] }, 2));
    one.take(message({ ALTITUDE: 50 }));
    expect(seen).toEqual(["warning", "normal", "normal"]);
  });

  it("keeps what it has where a packet does not bring a value", () => {
    const one = board();
    one.take(message({ ALTITUDE: 5 }));
    one.take(message({ ALTITUDE: null }));
    expect(one.get("NAV.ALTITUDE")?.value).toBe(5);
  });

  it("shows bytes and times as answers do", () => {
    const one = board();
    one.take(message({ DIGEST: "AP8=", MADE: 1_000_000_000, MADE__raw: 1 }));
    expect(one.get("NAV.DIGEST")).toMatchObject({ value: "00ff", raw: "00ff" });
    expect(one.get("NAV.MADE")).toMatchObject({ value: "1970-01-01T00:00:01.000000Z", raw: 1 });
  });

  it("is not disturbed by what is no telemetry, or of a packet that it does not know", () => {
    const one = board();
    one.take(new TextEncoder().encode("{"));
    one.take(message({ ALTITUDE: 5 }, 1, "OTHER"));
    expect(one.get("NAV.ALTITUDE")).toBeUndefined();
  });

  it("is filled with what is newer only", () => {
    const one = board();
    one.take(message({ ALTITUDE: 5 }));
    const sample: Sample = { value: 4, raw: 4, level: "none", received: 1, time: 1, frameOffset: 6 };
    one.fill([[altitude, sample]]);
    expect(one.get("NAV.ALTITUDE")?.value).toBe(5);
    one.fill([[altitude, { ...sample, frameOffset: 8 }]]);
    expect(one.get("NAV.ALTITUDE")?.value).toBe(4);
    one.clear();
    expect(one.get("NAV.ALTITUDE")).toBeUndefined();
    expect(one.takeChanged()).toEqual(["NAV.ALTITUDE"]);
  });
});
