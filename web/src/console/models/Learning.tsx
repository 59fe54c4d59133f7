// How good a version is beside the baselines, and how it came to be so.
import { nameOf } from "../../i18n/names";
import { useWords } from "../../i18n/words";
import { decimals, spaced } from "../../shared/format";
import type { Version } from "../../state/consoleWire";
import { Meter, Table } from "../parts";
import { measured, SHARES, type FigureName } from "./figures";
import { LossCurve } from "./LossCurve";

/** A bar for a figure that is a share; nothing for others. */
export function Share({
  name,
  value,
  interval,
  label,
}: {
  name: FigureName | undefined;
  value: number | null | undefined;
  interval?: [number, number] | undefined;
  label: string;
}) {
  if (!name || !SHARES.has(name)) return null;
  return <Meter value={value ?? NaN} interval={interval} label={label} />;
}

export function FiguresTable({ name, version }: { name: string; version: Version }) {
  const t = useWords();
  const { metrics, gates } = version;
  const baselines = Object.entries(metrics.baselines ?? {});
  const row = (figure: FigureName) => {
    const value = metrics[figure];
    const interval = metrics.interval?.[figure];
    return [
      t(spaced(figure)),
      <b key="v">{decimals(value)}</b>,
      <Share
        key="m"
        name={figure}
        value={value}
        interval={interval}
        label={`${t(spaced(figure))} ${decimals(value)}`}
      />,
      interval ? t("{} to {}", decimals(interval[0]), decimals(interval[1])) : "–",
      ...baselines.map(([, baseline]) => decimals(baseline[figure])),
    ];
  };
  return (
    <Table
      label={t("Metrics of {}", name)}
      head={[
        t("metric"),
        t("this model"),
        "",
        t("95 % interval"),
        ...baselines.map(([baseline]) => nameOf("baseline", baseline)),
      ]}
      rows={measured(metrics, gates).map(row)}
    />
  );
}

export function Learning({ name, version }: { name: string; version: Version }) {
  const t = useWords();
  const history = version.recipe.history ?? [];
  return (
    <>
      <LearningCurve name={name} version={version} />
      {history.length > 1 && (
        <details>
          <summary>{t("loss by epoch")}</summary>
          <LossCurve points={[]} epochs={history} />
        </details>
      )}
    </>
  );
}

function LearningCurve({ name, version }: { name: string; version: Version }) {
  const t = useWords();
  const curve = version.metrics.curve ?? [];
  const leading = measured(version.metrics, version.gates).find(
    (figure) => figure in (curve[0] ?? {}),
  );
  if (curve.length < 2 || !leading) return null;
  return (
    <details>
      <summary>{t("learning curve")}</summary>
      <Table
        label={t("Learning curve of {}", name)}
        head={[t("rows"), t(spaced(leading)), ""]}
        rows={curve.map((point) => [
          point.rows,
          decimals(point[leading]),
          <Share key="m" name={leading} value={point[leading]} label={decimals(point[leading])} />,
        ])}
      />
    </details>
  );
}
