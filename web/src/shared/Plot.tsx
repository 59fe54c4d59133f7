// Small plots: a line over time, and bars that go both ways. Each has its figures in words for who cannot see it.
import { useWords } from "../i18n/words";
import { short } from "./format";

type Point = [at: number, value: number];

const WIDE = 300;
const HIGH = 54;

/** The corners of a line through points, scaled to the drawing, and the highest value. */
function scaled(points: Point[]) {
  const times = points.map((p) => p[0]);
  const values = points.map((p) => p[1]);
  const left = Math.min(...times);
  const span = Math.max(...times) - left || 1;
  const most = Math.max(...values);
  const low = Math.min(0, ...values);
  const tall = Math.max(most, 1e-9) - low || 1;
  const corners = points.map(([at, value]): Point => {
    const x = ((at - left) / span) * (WIDE - 4) + 2;
    return [x, HIGH - 3 - ((value - low) / tall) * (HIGH - 8)];
  });
  return { corners, most };
}

const inSvg = (corners: Point[]): string =>
  corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

export function Line({ name, points, unit }: { name: string; points: Point[]; unit: string }) {
  const t = useWords();
  const last = points.at(-1);
  if (points.length < 2 || !last) return null;
  const { corners, most } = scaled(points);
  const line = inSvg(corners);
  const now = short(last[1]);
  return (
    <figure className="plot">
      <figcaption>
        {t(name)}{" "}
        <b>
          {now} {unit}
        </b>{" "}
        <small>{t("highest {}", `${short(most)} ${unit}`)}</small>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDE} ${HIGH}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${t(name)}: ${now} ${unit}, ${t("highest {}", short(most))}`}
      >
        <polygon points={`2,${HIGH} ${line} ${WIDE - 2},${HIGH}`} />
        <polyline points={line} />
      </svg>
    </figure>
  );
}

export function Bars({ values, label }: { values: [string, number][]; label: string }) {
  const most = Math.max(1e-9, ...values.map(([, v]) => Math.abs(v)));
  return (
    <ul className="bars" aria-label={label}>
      {values.map(([name, value]) => (
        <li key={name}>
          <span>{name}</span>
          <i aria-hidden="true">
            <Bar share={value / most} />
          </i>
          <em>
            {value >= 0 ? "+" : "−"}
            {(Math.abs(value) * 100).toFixed(1)}
          </em>
        </li>
      ))}
    </ul>
  );
}

/** A bar from the middle: to the right where it adds, to the left where it takes away. */
function Bar({ share }: { share: number }) {
  const width = `${Math.abs(share) * 50}%`;
  return share < 0 ? (
    <b className="less" style={{ width, right: "50%" }} />
  ) : (
    <b className="more" style={{ width, left: "50%" }} />
  );
}
