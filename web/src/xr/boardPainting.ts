// What a board shows, and how it is painted: a title, lines that are broken where they are full, and buttons in two columns.
import { fonts } from "../fonts/chinese";
import { fillRound, penOf } from "../scene/canvas";

export interface BoardAct {
  name: string;
  danger?: boolean;
  act: () => void;
}

/** A board with another `key` is put before the visitor anew; `aside` turns it out of the way, in radians to the left. */
export interface BoardPanel {
  key: string;
  title: string;
  sub?: string;
  lines: string[];
  acts: BoardAct[];
  aside?: number;
}

interface Spot {
  x: number;
  y: number;
  wide: number;
}

export interface BoardLayout {
  tall: number;
  head: number; // where the lines begin
  lines: string[];
  spots: Spot[]; // of the buttons
}

export const WIDE = 1024; // pixels
const PAD = 40;
const LINE = 46;
const BUTTON = 92;
const GAP = 16;
const MOST = 11; // lines at most
const INNER = WIDE - 2 * PAD;
const HAN = "\\u2e80-\\u9fff\\uff00-\\uffef";
const OPENING = "（《「『“‘【〈";
const CLOSING = "，。、；：？！）》」』”’】〉…—";
/** Chinese breaks between any two characters, but no line ends with an opening mark or begins with a closing one. */
const WORD = new RegExp(`[${OPENING}]*[${HAN}][${CLOSING}]*|[^\\s${HAN}]+\\s*|\\s+`, "gu");

type Measure = (text: string) => number;

/** How many characters of a text fit; at least one. */
function fitting(text: string, wide: number, measure: Measure): number {
  let many = text.length;
  while (many > 1 && measure(text.slice(0, many)) > wide) many--;
  return many;
}

function brokenLine(text: string, wide: number, measure: Measure): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(WORD) ?? [""]) {
    if (line && measure((line + word).trimEnd()) > wide) {
      lines.push(line.trimEnd());
      line = word.trimStart();
    } else line += word;
    while (measure(line) > wide && line.length > 1) {
      const many = fitting(line, wide, measure);
      lines.push(line.slice(0, many));
      line = line.slice(many);
    }
  }
  return [...lines, line.trimEnd()];
}

/** Words broken into lines that fit. */
export const brokenInto = (text: string, wide: number, measure: Measure): string[] =>
  text.split("\n").flatMap((part) => brokenLine(part, wide, measure));

/** Where everything of a board is. */
export function layOutBoard(panel: BoardPanel, measure: Measure): BoardLayout {
  let lines = panel.lines.flatMap((line) => brokenInto(line, INNER, measure));
  if (lines.length > MOST) lines = [...lines.slice(0, MOST - 1), "…"];
  const many = panel.acts.length;
  const rows = Math.ceil(many / 2);
  const head = PAD + 62 + (panel.sub ? 44 : 0) + 14;
  const foot = head + lines.length * LINE;
  const tall = foot + (rows ? 22 + rows * (BUTTON + GAP) : 0) + PAD - 10;
  const spots = panel.acts.map((_, i) => {
    const alone = many % 2 === 1 && i === many - 1;
    const wide = alone ? INNER : (INNER - GAP) / 2;
    return {
      x: PAD + (i % 2) * (wide + GAP),
      y: foot + 22 + Math.floor(i / 2) * (BUTTON + GAP),
      wide,
    };
  });
  return { tall, head, lines, spots };
}

function buttonColour(danger: boolean, over: boolean): string {
  if (danger) return over ? "#c2483b" : "#7d2b22";
  return over ? "#2f7fb8" : "#2a3948";
}

function paintButton(
  pen: CanvasRenderingContext2D,
  { name, danger = false }: BoardAct,
  { x, y, wide }: Spot,
  over: boolean,
): void {
  pen.fillStyle = buttonColour(danger, over);
  fillRound(pen, [x, y, wide, BUTTON], 20);
  pen.fillStyle = "#ffffff";
  pen.font = `600 34px ${fonts()}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(name, x + wide / 2, y + BUTTON / 2 + 2, wide - 24);
}

/** Paints a board; `over` is the button that is pointed at. */
export function paintBoard(
  panel: BoardPanel,
  over: number,
  canvas: HTMLCanvasElement,
): BoardLayout {
  const pen = penOf(canvas);
  pen.font = `34px ${fonts()}`;
  const layout = layOutBoard(panel, (text) => pen.measureText(text).width);
  canvas.width = WIDE;
  canvas.height = layout.tall;
  pen.fillStyle = "#10171ff4";
  fillRound(pen, [0, 0, WIDE, layout.tall], 42);
  pen.textBaseline = "top";
  const write = (text: string, font: string, colour: string, y: number) => {
    pen.font = `${font} ${fonts()}`;
    pen.fillStyle = colour;
    pen.fillText(text, PAD, y, INNER);
  };
  write(panel.title, "600 48px", "#ffffff", PAD);
  if (panel.sub) write(panel.sub, "32px", "#a9bccd", PAD + 62);
  layout.lines.forEach((line, i) => write(line, "34px", "#eef3f8", layout.head + i * LINE));
  panel.acts.forEach((act, i) => paintButton(pen, act, layout.spots[i], i === over));
  return layout;
}

/** The button at a place of the board, both from 0 to 1 and from the lower left; -1 for none. */
export function buttonAt({ tall, spots }: BoardLayout, u: number, v: number): number {
  const x = u * WIDE;
  const y = (1 - v) * tall;
  return spots.findIndex((s) => x >= s.x && x <= s.x + s.wide && y >= s.y && y <= s.y + BUTTON);
}

/** The middle of a button, as `buttonAt` has it. */
export function middleOf({ tall, spots }: BoardLayout, i: number): [u: number, v: number] {
  const { x, y, wide } = spots[i];
  return [(x + wide / 2) / WIDE, 1 - (y + BUTTON / 2) / tall];
}
