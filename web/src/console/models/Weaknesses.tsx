// Where a version is weak: parts of the rows, changed texts, groups of people, single classes; and what it writes.
import { useWords } from "../../i18n/words";
import { decimals, listed } from "../../shared/format";
import type { ClassFigures, Metrics, Robustness, Slice, Written } from "../../state/consoleWire";
import { Meter, Table } from "../parts";

export function WeakSlices({ name, slices = [] }: { name: string; slices?: Slice[] | undefined }) {
  const t = useWords();
  if (slices.length === 0) return null;
  return (
    <details open>
      <summary>{t("where it is weak")}</summary>
      <Table
        label={t("Weak slices of {}", name)}
        head={[t("rows where"), t("rows"), t("accuracy"), "p"]}
        rows={slices.map((s) => [s.where, s.rows, decimals(s.accuracy), s.p.toExponential(1)])}
      />
    </details>
  );
}

export function Robust({ robustness }: { robustness: Robustness | null | undefined }) {
  const t = useWords();
  if (!robustness) return null;
  return (
    <p className="sum">
      {t(
        "robustness: accuracy {} unmodified, {} with typos, {} paraphrased",
        decimals(robustness.as_they_are),
        decimals(robustness.typo),
        decimals(robustness.paraphrase),
      )}
    </p>
  );
}

export function Gaps({ metrics }: { metrics: Metrics }) {
  const t = useWords();
  if (!metrics.fairness) return null;
  return (
    <p className="sum">
      {t(
        "largest gaps by {}: demographic parity {}, equalized odds {}, accuracy {}",
        listed(Object.keys(metrics.fairness.fields)),
        decimals(metrics.parity_gap),
        decimals(metrics.odds_gap),
        decimals(metrics.accuracy_gap),
      )}
    </p>
  );
}

export function Examples({ examples }: { examples: Written[] | null | undefined }) {
  const t = useWords();
  if (!examples) return null;
  return (
    <details>
      <summary>{t("generated texts")}</summary>
      {examples.map((example, i) => (
        <p key={i}>
          <b>{example.asked}</b>
          <br />
          {example.wrote}
          <br />
          <small>{t("reference: {}", example.wanted)}</small>
        </p>
      ))}
    </details>
  );
}

export function Classes({
  name,
  classes = {},
}: {
  name: string;
  classes?: Record<string, ClassFigures> | undefined;
}) {
  const t = useWords();
  return (
    <details>
      <summary>{t("per class")}</summary>
      <Table
        label={t("Classes of {}", name)}
        head={[t("class"), t("rows"), t("precision"), t("recall"), "F1", ""]}
        rows={Object.entries(classes).map(([label, figures]) => [
          label,
          figures.rows,
          decimals(figures.precision, 2),
          decimals(figures.recall, 2),
          decimals(figures.f1, 2),
          <Meter key="m" value={figures.f1} label={`F1 ${decimals(figures.f1, 2)}`} />,
        ])}
      />
    </details>
  );
}
