import { describe, expect, it } from "vitest";
import { A_FRAME, DrawingTurns } from "./drawingTurns";

const FRAME_MS = 1000 / 60;
const names = (count: number) => Array.from({ length: count }, (_, index) => `ROW_${index}`);

/** Turns of rows that are all in sight, and whose ages were drawn at the time 0. */
function inSight(rows: string[]): DrawingTurns<string> {
  const turns = new DrawingTurns(rows);
  for (const row of rows) turns.see(row, true);
  while (turns.take([], 0).rows.length > 0);
  return turns;
}

describe("turns of drawing", () => {
  it("draw a value that comes alone in the next frame", () => {
    const turns = inSight(["A", "B"]);
    expect(turns.take(["A"], 100)).toEqual({ values: ["A"], rows: [] });
    expect(turns.take(["B"], 200)).toEqual({ values: ["B"], rows: [] });
    expect(turns.take([], 300)).toEqual({ values: [], rows: [] });
  });

  it("draw together what comes within three frames, each row once", () => {
    const turns = inSight(["A", "B", "C"]);
    turns.take(["A"], 100);
    expect(turns.take(["B"], 100 + FRAME_MS).values).toEqual([]);
    expect(turns.take(["C", "B"], 100 + 2 * FRAME_MS).values).toEqual([]);
    expect(turns.take([], 100 + 3 * FRAME_MS).values).toEqual(["B", "C"]);
  });

  it("give a frame so many values at most, those first that wait longest, and none waits for ever", () => {
    const rows = names(3 * A_FRAME);
    const turns = inSight(rows);
    const drawn = [1, 2, 3].map((turn) => turns.take(rows, 100 * turn).values);
    expect(drawn.map((values) => values.length)).toEqual([A_FRAME, A_FRAME, A_FRAME]);
    expect(drawn.flat()).toEqual(rows);
  });

  it("draw the ages of what is in sight twice a second", () => {
    const turns = inSight(["A", "B"]);
    expect(turns.take([], 499).rows).toEqual([]);
    expect(turns.take([], 500).rows).toEqual(["A", "B"]);
    expect(turns.take([], 510).rows).toEqual([]);
    expect(turns.take([], 1000).rows).toEqual(["A", "B"]);
  });

  it("leave a change out of sight, and draw each such row within two seconds", () => {
    const rows = names(2 * A_FRAME + 3);
    const turns = new DrawingTurns(rows);
    const drawn: string[] = [];
    for (let now = 0; now < 2000; now += FRAME_MS) {
      const turn = turns.take(rows, now);
      expect(turn.values).toEqual([]);
      drawn.push(...turn.rows);
    }
    expect(drawn.sort()).toEqual(rows.sort());
  });

  it("draw a row as a whole as soon as it comes into sight, and its values from then on", () => {
    const turns = inSight(["A"]);
    turns.see("B", true);
    expect(turns.take(["B"], 100)).toEqual({ values: ["B"], rows: ["B"] });
    turns.see("B", false);
    expect(turns.take(["B"], 200)).toEqual({ values: [], rows: [] });
  });

  it("forget a change whose row went out of sight before its turn", () => {
    const turns = inSight(["A", "B"]);
    turns.take(["A"], 100);
    turns.take(["B"], 110);
    turns.see("B", false);
    expect(turns.take([], 200).values).toEqual([]);
  });
});
