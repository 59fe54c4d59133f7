// Rows that would teach the model most; a label given here is feedback, which the next challenger learns from.
import { useState } from "react";
import { useWords } from "../../i18n/words";
import { percent } from "../../shared/format";
import type { Unlabelled, Unsure as Found } from "../../state/consoleWire";
import { call } from "../../state/live";

const MOST = 6; // rows asked for
const SHOWN = 220; // characters of a row

export function Unsure({ model }: { model: string }) {
  const t = useWords();
  const [unsure, setUnsure] = useState<Found | null>(null);
  const [notice, setNotice] = useState("");
  const load = async () => {
    try {
      setUnsure(await call<Found>(`/v1/models/${model}/unsure?most=${MOST}`));
      setNotice("");
    } catch (error) {
      setUnsure(null);
      setNotice((error as Error).message);
    }
  };
  const teach = async (row: Unlabelled, label: string) => {
    try {
      await call(`/v1/services/${row.service ?? ""}/feedback`, { id: row.prediction, label });
      setUnsure((old) => old && { ...old, found: old.found.filter((one) => one !== row) });
      setNotice(t("kept: {}", label));
    } catch (error) {
      setNotice((error as Error).message);
    }
  };
  return (
    <details
      onToggle={(e) => {
        if (e.currentTarget.open && !unsure) void load();
      }}
    >
      <summary>{t("label next")}</summary>
      {unsure && (
        <>
          <ul className="recent">
            {unsure.found.map((row, i) => (
              <UnlabelledRow
                key={row.prediction ?? `${row.file ?? ""}:${row.line ?? ""}`}
                row={row}
                number={i + 1}
                labels={unsure.labels}
                onLabel={(label) => void teach(row, label)}
              />
            ))}
          </ul>
          <p className="sum">
            {t(
              "{} of {} rows without a label; the least sure first, none like another.",
              unsure.found.length,
              unsure.waiting,
            )}
          </p>
        </>
      )}
      {notice && <p role="status">{notice}</p>}
    </details>
  );
}

function UnlabelledRow({
  row,
  number,
  labels,
  onLabel,
}: {
  row: Unlabelled;
  number: number;
  labels: string[];
  onLabel: (label: string) => void;
}) {
  const t = useWords();
  const values = Object.entries(row.inputs)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => t("{}: {}", name, value ?? ""));
  return (
    <li>
      {values.join(t(", ")).slice(0, SHOWN)}{" "}
      <small>{t("predicts {} ({} %)", row.says, percent(row.probability))}</small>{" "}
      {row.prediction ? (
        <select
          aria-label={t("Label of request {}", number)}
          defaultValue=""
          onChange={(e) => onLabel(e.target.value)}
        >
          <option value="" disabled>
            {t("its label…")}
          </option>
          {labels.map((label) => (
            <option key={label}>{label}</option>
          ))}
        </select>
      ) : (
        <small>{t("{}, line {}: label it there", row.file ?? "", row.line ?? "")}</small>
      )}
    </li>
  );
}
