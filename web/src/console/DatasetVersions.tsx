// The versions of a dataset and what differs between the last two; asked of the server once opened.
import { useEffect, useState } from "react";
import { useWords } from "../i18n/words";
import { decimals, listed, thousands, when } from "../shared/format";
import { Line } from "../shared/Plot";
import type { DatasetVersion, DatasetVersions as Versions, Difference } from "../state/consoleWire";
import { call } from "../state/live";
import { Fault, Table } from "./parts";

export function DatasetVersions({ name, newest }: { name: string; newest: string }) {
  const t = useWords();
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState<Versions | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    if (!open) return;
    void call<Versions>(`/v1/datasets/${encodeURIComponent(name)}/versions`).then(
      (answer) => {
        setFound(answer);
        setFault("");
      },
      (error: Error) => setFault(error.message),
    );
  }, [open, name, newest]);
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{t("versions and what differs")}</summary>
      <Fault text={fault} />
      {!found && !fault && <p>{t("Comparing…")}</p>}
      {found && <VersionList versions={found.versions} />}
      {found && !found.diff && (
        <p>{t("One version so far; there is nothing to compare it with.")}</p>
      )}
      {found?.diff && <Differences name={name} diff={found.diff} />}
    </details>
  );
}

function VersionList({ versions }: { versions: DatasetVersion[] }) {
  const t = useWords();
  return (
    <>
      <ul>
        {versions.map((v) => (
          <li key={v.id}>
            <b>{v.id}</b> {t("{} rows kept", thousands(v.account.kept))}
            {t(", ")}
            {t("quality")} {decimals(v.quality, 2)} <small>{when(v.at)}</small>
          </li>
        ))}
      </ul>
      {versions.length > 1 && (
        <Line name={t("quality")} unit="" points={versions.map((v) => [v.at, v.quality])} />
      )}
    </>
  );
}

function Differences({ name, diff }: { name: string; diff: Difference }) {
  const t = useWords();
  const { rows, files } = diff;
  return (
    <>
      <p>
        {diff.old} → {diff.new}
        {t(": ")}
        <b>{thousands(rows.added)}</b> {t("added")}
        {t(", ")}
        <b>{thousands(rows.removed)}</b> {t("removed")}
        {t(", ")}
        <b>{thousands(rows.changed)}</b> {t("changed")}
        {t(", ")}
        <b>{thousands(rows.same)}</b> {t("same")}
        {files.length > 0 && <small> {t("changed files: {}", listed(files))}</small>}
      </p>
      <Table
        label={t("Fields that drifted in {}", name)}
        head={[t("field"), t("changed"), t("stability index")]}
        rows={Object.entries(diff.moved).map(([field, index]) => [
          field,
          diff.changed[field] ?? 0,
          decimals(index),
        ])}
      />
    </>
  );
}
