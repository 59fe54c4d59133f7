// The figures of a service over the last minutes, each as a small plot.
import { history } from "../state/live";
import { spaced } from "./format";
import { Line } from "./Plot";

const FIGURES = [
  ["rate", "/s"],
  ["p95_ms", "ms"],
  ["error_rate", ""],
  ["refused_rate", ""],
] as const;

export function LivePlots({ id }: { id: string }) {
  const kept = history.get(id) ?? [];
  return FIGURES.map(([key, unit]) => (
    <Line
      key={key}
      name={spaced(key)}
      unit={unit}
      points={kept.filter((point) => key in point).map((point) => [point.at, point[key]])}
    />
  ));
}
