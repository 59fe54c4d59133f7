// The loss of a training by epoch: in training as a line, held out as dots.
import { useWords } from "../../i18n/words";
import { decimals } from "../../shared/format";
import type { Epoch } from "../../state/consoleWire";

const WIDE = 360;
const HIGH = 150;
const LEFT = 30;
const FOOT = 22; // what the names of the axis take

type Point = [epoch: number, loss: number];

const lossOf = (epochs: Epoch[], key: "train_loss" | "held_loss"): Point[] =>
  epochs.flatMap((e): Point[] => {
    const loss = e[key];
    return typeof loss === "number" ? [[e.epoch, loss]] : [];
  });

export function LossCurve({ points, epochs }: { points: Point[]; epochs: Epoch[] }) {
  const t = useWords();
  const train = points.length > 1 ? points : lossOf(epochs, "train_loss");
  const held = lossOf(epochs, "held_loss");
  const all = [...train, ...held];
  const right = Math.max(1, ...all.map((p) => p[0]));
  const top = Math.max(...all.map((p) => p[1]));
  const low = Math.min(0, ...all.map((p) => p[1]));
  const x = (v: number) => LEFT + (v / right) * (WIDE - LEFT - 8);
  const y = (v: number) => HIGH - FOOT - ((v - low) / (top - low || 1)) * (HIGH - 34);
  const line = (ps: Point[]) =>
    ps.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ");
  const last = held.at(-1) ?? train.at(-1);
  return (
    <svg
      viewBox={`0 0 ${WIDE} ${HIGH}`}
      className="curve"
      role="img"
      aria-label={t(
        "Loss by epoch; {} {} now",
        held.length ? t("held out") : t("training"),
        decimals(last?.[1]),
      )}
    >
      <line x1={LEFT} y1={HIGH - FOOT} x2={WIDE - 8} y2={HIGH - FOOT} />
      <text x={LEFT - 4} y={y(top) + 4} textAnchor="end">
        {decimals(top, 2)}
      </text>
      <text x={LEFT - 4} y={HIGH - 18} textAnchor="end">
        {decimals(low, 0)}
      </text>
      <text x={WIDE - 8} y={HIGH - 6} textAnchor="end">
        {t("epoch {}", decimals(right, 1))}
      </text>
      <polyline className="train" points={line(train)} />
      {held.length > 1 && <polyline className="held" points={line(held)} />}
      {held.map((p) => (
        <circle key={p[0]} cx={x(p[0])} cy={y(p[1])} r="3.5" />
      ))}
      <text x={LEFT + 6} y={HIGH - 6}>
        <tspan className="train">— {t("training")}</tspan>{" "}
        <tspan className="held">● {t("held out")}</tspan>
      </text>
    </svg>
  );
}
