import { expect, it } from "vitest";
import { csv } from "./csv";

it("quotes what would break a row, and leaves the rest alone", () => {
  expect(csv(["name", "value"], [["a,b", 1.5], ['say "hi"', null], ["two\nlines", 18446744073709551615n]])).toBe(
    'name,value\r\n"a,b",1.5\r\n"say ""hi""",\r\n"two\nlines",18446744073709551615\r\n',
  );
});
