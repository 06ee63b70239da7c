import { expect, it } from "vitest";
import { pointAt, pointOf, type HistorySample } from "./history";

it("places a bucket at its last sample, with the least and the greatest of all", () => {
  const bucket = {
    bucket: "2026-05-01T12:00:00.000000000Z",
    min: -1,
    max: 9,
    last: 5.25,
    last_time: "2026-05-01T12:00:01.500000000Z",
    last_frame_offset: 77,
  };
  expect(pointOf(bucket)).toEqual({
    time: Date.UTC(2026, 4, 1, 12, 0, 1, 500),
    value: 5.25,
    min: -1,
    max: 9,
    exact: 5.25,
    frameOffset: 77,
  });
});

it("keeps the bounds of a bucket whose last sample is none", () => {
  const [odd] = [{ min: 1, max: 2, last: "NaN", last_time: "2026-05-01T12:00:00Z", last_frame_offset: 1 }].map(pointOf);
  expect(odd).toMatchObject({ value: Number.NaN, min: 1, max: 2, exact: "NaN" });
});

it("draws a label at its raw number and a text nowhere", () => {
  expect(pointAt(1, "NOMINAL", 3, 7)).toEqual({ time: 1, value: 3, min: 3, max: 3, exact: "NOMINAL", frameOffset: 7 });
  expect(pointAt(1, "hello", "hello", 7).value).toBeNaN();
  expect(pointAt(1, true, 1, 7).value).toBe(1);
  expect(pointAt(1, 18446744073709551615n, 1, 7).exact).toBe(18446744073709551615n);
});

it("reads a sample's row", () => {
  const row = { time: "1970-01-01T00:00:00.001000000Z", value: 2, raw: 4, frame_offset: 9 } as HistorySample;
  expect(pointOf(row)).toMatchObject({ time: 1, value: 2, frameOffset: 9 });
});
