import { expect, it } from "vitest";
import { Catalog } from "./catalog";
import { parameter } from "./testing";

const catalog = new Catalog("g-1", [
  parameter("NAV", "APID"),
  parameter("NAV", "ALTITUDE"),
  parameter("POWER", "APID"),
  parameter("POWER", "ALTITUDE", { qualified: "/other/ALTITUDE" }),
]);

it("keeps parameters by packet and by key", () => {
  expect(catalog.packetNames).toEqual(["NAV", "POWER"]);
  expect(catalog.ofPacket("NAV").map((each) => each.label)).toEqual(["APID", "ALTITUDE"]);
  expect(catalog.ofPacket("NOTHING")).toEqual([]);
  expect(catalog.get("POWER.APID")?.packet).toBe("POWER");
});

it("takes for header fields what every packet has, by full name", () => {
  expect(catalog.parameters.filter((each) => catalog.isHeader(each)).map((each) => each.key)).toEqual([
    "NAV.APID",
    "POWER.APID",
  ]);
  const alone = new Catalog("g-1", [parameter("NAV", "APID")]);
  expect(alone.parameters.some((each) => alone.isHeader(each))).toBe(false);
});

it("tells what it no longer has", () => {
  const next = new Catalog("g-2", [parameter("NAV", "ALTITUDE"), parameter("NAV", "SPEED")]);
  expect(next.missing(catalog)).toEqual(["NAV.APID", "POWER.APID", "POWER.ALTITUDE"]);
});
