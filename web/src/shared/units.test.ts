import { expect, test } from "vitest";
import { showUnit } from "./units";

test.each([
  ["m**2", "m²"],
  ["kg*m/s**2", "kg·m/s²"],
  ["s ** -1", "s⁻¹"],
  ["EUR/month", "EUR/month"],
  ["m**0.5", "m**0.5"],
  ["1000*kg", "1000*kg"],
  ["元/斤", "元/斤"],
])("%s reads %s", (unit, shown) => {
  expect(showUnit(unit)).toBe(shown);
});
