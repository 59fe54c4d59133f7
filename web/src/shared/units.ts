const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const raise = (power: string) =>
  power.replace("-", "⁻").replace(/\d/g, (digit) => RAISED[Number(digit)] ?? digit);

// A unit as people write it: m**2 of a file reads m², and kg*m reads kg·m.
export function showUnit(unit: string): string {
  return unit
    .replace(
      /\s*(?:\*\*|\^)\s*(?:(-?\d+)|\((-?\d+)\))(?![\d.])/g,
      (_, plain?: string, inBrackets?: string) => raise(plain ?? inBrackets ?? ""),
    )
    .replace(/(?<=[\p{L}⁰¹²³⁴⁵⁶⁷⁸⁹)])\s*\*\s*(?=[\p{L}(])/gu, "·");
}
