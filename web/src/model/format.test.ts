import { describe, expect, it } from "vitest";
import { age, count, exact, fromIso, iso, shown, utc } from "./format";

describe("a value as people read it", () => {
  it.each([
    [null, "–"],
    [undefined, "–"],
    [true, "true"],
    ["SAFE", "SAFE"],
    ["NaN", "NaN"],
    ["-Infinity", "-Infinity"],
    [12, "12"],
    [12.3456789, "12.34568"],
    [1.5e-9, "1.5000e-9"],
    [2.5e12 + 0.5, "2.5000e+12"],
    [3.4028234663852886e38, "3.4028e+38"],
    [18446744073709551615n, "18446744073709551615"],
  ])("%s", (value, text) => expect(shown(value)).toBe(text));
});

it("shows all digits where they are asked for", () => {
  expect([12.3456789, 18446744073709551615n, null].map(exact)).toEqual(["12.3456789", "18446744073709551615", "–"]);
});

it("shows ages in the unit that fits", () => {
  expect([0.42, 11.6, 600, 7300, 200_000, -0.2, -3, Number.NaN].map(age)).toEqual([
    "0.4 s",
    "12 s",
    "10 min",
    "2 h",
    "2 d",
    "0.0 s",
    "ahead",
    "–",
  ]);
});

describe("a time", () => {
  const moment = fromIso("2026-05-01T12:00:00.123456789Z");

  it("is shown in UTC with the decimals that are asked for", () => {
    expect(utc(moment)).toBe("2026-05-01 12:00:00.123 UTC");
    expect(utc(moment, 6)).toBe("2026-05-01 12:00:00.123456 UTC");
    expect(utc(moment, 0)).toBe("2026-05-01 12:00:00 UTC");
    expect(utc(Number.NaN)).toBe("–");
  });

  it("goes to requests and back without losing a microsecond", () => {
    expect(iso(moment)).toBe("2026-05-01T12:00:00.123456Z");
    expect(fromIso(iso(moment))).toBe(moment);
    expect(iso(Number.NaN)).toBe("");
    expect(iso(-1.5)).toBe("1969-12-31T23:59:59.998500Z");
  });

  it("keeps every microsecond, whatever a number's last bit is", () => {
    for (let micros = 0; micros < 1_000_000; micros += 997) {
      const text = `2026-11-24T09:08:24.${String(micros).padStart(6, "0")}Z`;
      expect(iso(fromIso(text))).toBe(text);
    }
  });

  it("is read as people write it, and is UTC unless it says otherwise", () => {
    const noon = Date.UTC(2026, 4, 1, 12);
    for (const text of ["2026-05-01 12:00", "2026-05-01T12:00:00Z", "2026-05-01 12:00:00 UTC", "2026-05-01T14:00+02:00"]) {
      expect(fromIso(text)).toBe(noon);
    }
    expect(fromIso("2026-05-01")).toBe(Date.UTC(2026, 4, 1));
    for (const text of ["", "noon", "2026", "2026-13-01"]) expect(fromIso(text)).toBeNaN();
  });
});

it("groups the digits of counts", () => {
  expect([7, 1234, 1234567].map(count)).toEqual(["7", "1\u2009234", "1\u2009234\u2009567"]);
});
