import { expect, it } from "vitest";
import { grouped } from "./grouped";

it("groups items by what is said of them, in their order", () => {
  const groups = grouped(["alpha", "beta", "ant"], (word) => word[0]);
  expect([...groups]).toEqual([
    ["a", ["alpha", "ant"]],
    ["b", ["beta"]],
  ]);
});
