// The screen of the board that asks what if: each input is moved by two buttons.
import { showUnit } from "../shared/units";
import { answerText, isRanged, nudged, sharesOf } from "../shared/useWhatIf";
import type { WhatIfAnswer, WhatIfInput } from "../state/consoleWire";
import type { Element } from "../state/wire";
import type { BoardAct, BoardPanel } from "./boardPainting";
import { when, type ScreenContext } from "./screenContext";

const INPUTS = 3; // inputs on a board
const SHARES = 2; // inputs whose shares are told

const canMove = (input: WhatIfInput): boolean =>
  isRanged(input) || (input.choices?.length ?? 0) > 1;

/** What the inputs that count most added. */
const largestShares = (answer: WhatIfAnswer): string =>
  sharesOf(answer)
    .slice(0, SHARES)
    .map(([name, share]) => {
      const points = answer.number ? share : 100 * share;
      return `${name} ${share > 0 ? "+" : ""}${points.toFixed(1)}`;
    })
    .join(" · ");

export function whatIfScreen(e: Element, from: number, c: ScreenContext): BoardPanel {
  const { t, turn, home, whatIf } = c;
  const { form, row, answer, fault, put } = whatIf;
  const inputs = (form?.inputs ?? []).filter(canMove);
  const shown = inputs.slice(from, from + INPUTS);
  const next = from + INPUTS < inputs.length ? from + INPUTS : 0;
  const nudge = (sign: string, input: WhatIfInput, by: 1 | -1): BoardAct => ({
    name: `${sign} ${input.name}`,
    act: () => put(input.name, nudged(input, row[input.name], by)),
  });
  const valueLine = ({ name, unit }: WhatIfInput) =>
    `${name}: ${String(row[name] ?? t("not given"))}${unit ? ` ${showUnit(unit)}` : ""}`;
  const waiting = form ? "" : t("Opening the desk…");
  return {
    key: e.id,
    title: answer ? `${form?.predict ?? ""}: ${answerText(answer)}` : t("what if"),
    sub: answer ? `${answer.version} · ${largestShares(answer)}` : "",
    lines: [fault || waiting, ...shown.map(valueLine)].filter(Boolean),
    acts: [
      ...shown.flatMap((input) => [nudge("−", input, -1), nudge("+", input, 1)]),
      ...when(inputs.length > INPUTS, {
        name: t("More inputs"),
        act: () => turn({ is: "if", from: next }),
      }),
      home,
    ],
  };
}
