import { expect, it } from "vitest";
import { boardGroups } from "./boardGroups";
import { Catalog } from "./catalog";
import { parameter } from "./testing";

const catalog = new Catalog("g-1", [
  parameter("NAV", "APID"),
  parameter("NAV", "ALTITUDE", { unit: "m", description: "Altitude above mean sea level" }),
  parameter("POWER", "APID"),
  parameter("POWER", "BATTERY_VOLTAGE", { unit: "V", description: "Battery voltage" }),
]);

const shown = (search: string, headers = false) =>
  boardGroups(catalog, { search, headers }).flatMap((group) => group.parameters.map((each) => each.key));

it("folds the fields of the header away", () => {
  expect(shown("")).toEqual(["NAV.ALTITUDE", "POWER.BATTERY_VOLTAGE"]);
  expect(shown("", true)).toHaveLength(4);
});

it("finds by name, packet, description and unit, all words at once, header fields too", () => {
  expect(shown("power volt")).toEqual(["POWER.BATTERY_VOLTAGE"]);
  expect(shown("SEA level")).toEqual(["NAV.ALTITUDE"]);
  expect(shown("apid")).toEqual(["NAV.APID", "POWER.APID"]);
  expect(shown("nothing like it")).toEqual([]);
});
