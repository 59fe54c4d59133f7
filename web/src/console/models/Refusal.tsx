// Why the newest version is not deployed: the gates of the file, what was measured, and what to do.
import { useWords } from "../../i18n/words";
import { decimals, spaced } from "../../shared/format";
import type { Gate, Version } from "../../state/consoleWire";
import { Table } from "../parts";
import { refusedVersion } from "./figures";

export function Refusal({ versions, shown }: { versions: Version[]; shown: Version }) {
  const t = useWords();
  const refused = refusedVersion(versions);
  if (!refused) return null;
  return (
    <section className="refusal">
      <h3>{t("{} was refused at its gate", refused.id)}</h3>
      <p>{refused.why}</p>
      <Table
        label={t("Gates of {}", refused.id)}
        head={[t("metric"), t("gate"), t("required"), t("measured"), t("95 % interval")]}
        rows={refused.gates.map((gate) => gateCells(gate, refused, t))}
      />
      <p>
        {t(
          "Improve the data or the model, or change its require in the file, then run mesocosm build.",
        )}{" "}
        {shown.id === refused.id
          ? t("No version of this model is deployed.")
          : t("{} stays deployed meanwhile.", shown.id)}
      </p>
    </section>
  );
}

function gateCells(gate: Gate, version: Version, t: ReturnType<typeof useWords>) {
  const interval = version.metrics.interval?.[gate.metric];
  return [
    t(spaced(gate.metric)),
    <span key="g" className={gate.passed ? "ok" : "bad"}>
      {gate.passed ? t("passed") : t("missed")}
    </span>,
    gate.bound,
    gate.value === null ? t("not measured") : <b key="v">{decimals(gate.value)}</b>,
    interval ? t("{} to {}", decimals(interval[0]), decimals(interval[1])) : "–",
  ];
}
