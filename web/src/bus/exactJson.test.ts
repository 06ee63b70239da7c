import { expect, it } from "vitest";
import { parseExact } from "./exactJson";

it("keeps integers exact that a number can not hold", () => {
  expect(parseExact('{"a": [18446744073709551615, -9223372036854775808, 7]}')).toEqual({
    a: [18446744073709551615n, -9223372036854775808n, 7],
  });
});

it("leaves other numbers and texts as they are", () => {
  const text = '[1.5, 1e300, 3.4028234663852886e38, "18446744073709551615", null, true]';
  expect(parseExact(text)).toEqual(JSON.parse(text));
});
