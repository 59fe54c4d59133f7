// Data: what was read, what was kept, quarantined or imputed, and why.
import { privateField } from "../i18n/names";
import { pageLanguage, useWords } from "../i18n/words";
import { decimals, thousands, when } from "../shared/format";
import type { Account, Dataset, Ecosystem, Report } from "../state/consoleWire";
import type { Element } from "../state/wire";
import { DatasetVersions } from "./DatasetVersions";
import { Graph } from "./Graph";
import { Empty, Table } from "./parts";

export function Data({ all }: { all: Ecosystem }) {
  const t = useWords();
  const datasets = Object.entries(all.datasets);
  return (
    <>
      <p className="about">
        <a href={`/report?lang=${pageLanguage()}`}>
          {t("the whole quality report, with examples and distributions")}
        </a>
      </p>
      <section aria-labelledby="way">
        <h2 id="way">{t("Data flow")}</h2>
        <Graph scene={all.scene} />
      </section>
      {datasets.length === 0 && <Empty>{t("No dataset is built yet; run mesocosm build.")}</Empty>}
      {datasets.map(([name, dataset]) => (
        <DatasetArticle
          key={name}
          name={name}
          dataset={dataset}
          lake={all.scene.elements.find((e) => e.id === `datasets.${name}`)}
        />
      ))}
    </>
  );
}

function DatasetArticle({
  name,
  dataset,
  lake,
}: {
  name: string;
  dataset: Dataset;
  lake: Element | undefined;
}) {
  const { account, report } = dataset;
  return (
    <article>
      <h2>
        {name}{" "}
        <small>
          {dataset.id} · {when(dataset.at)}
        </small>
      </h2>
      <RowAccount account={account} quality={report.quality} />
      {lake && lake.steps.length > 0 && <Steps lake={lake} />}
      <Sources name={name} report={report} />
      <Reasons report={report} />
      <Fields name={name} report={report} />
      <DatasetVersions name={name} newest={dataset.id} />
    </article>
  );
}

/** How many rows of what; Chinese says what first. */
function Count({ many, of }: { many: number; of: string }) {
  const number = <b>{thousands(many)}</b>;
  if (pageLanguage() === "zh")
    return (
      <>
        {of} {number}
      </>
    );
  return (
    <>
      {number} {of}
    </>
  );
}

function RowAccount({ account, quality }: { account: Account; quality: number }) {
  const t = useWords();
  return (
    <>
      <p className="sum">
        <Count many={account.in} of={t("rows in")} /> = <Count many={account.kept} of={t("kept")} />{" "}
        + <Count many={account.quarantined} of={t("quarantined")} /> +{" "}
        <Count many={account.duplicates} of={t("duplicates")} /> · {t("quality")}{" "}
        <b>{decimals(quality, 2)}</b>
      </p>
      <div
        className="barline"
        role="img"
        aria-label={t(
          "{} kept, {} quarantined, {} duplicates",
          account.kept,
          account.quarantined,
          account.duplicates,
        )}
      >
        {(["kept", "quarantined", "duplicates"] as const).map((part) => (
          <i key={part} className={part} style={{ flex: account[part] }} />
        ))}
      </div>
    </>
  );
}

function Steps({ lake }: { lake: Element }) {
  const t = useWords();
  return (
    <ul className="mills" aria-label={t("Steps of governance")}>
      {lake.steps.map((step) => (
        <li key={step.name}>
          <b>{t(step.name)}</b>{" "}
          {step.removed > 0
            ? t("{} rows quarantined", step.removed)
            : t("{} values changed", step.changed)}
        </li>
      ))}
      {lake.private.map((field) => (
        <li key={field}>
          <b>{t("private")}</b> {privateField(field)}
        </li>
      ))}
    </ul>
  );
}

function Sources({ name, report }: { name: string; report: Report }) {
  const t = useWords();
  const sources = Object.entries(report.sources ?? {});
  if (sources.length === 0) return null;
  return (
    <details open>
      <summary>{t("rows of each source")}</summary>
      <Table
        label={t("Rows of the sources of {}", name)}
        head={["source", "read", "used", "unmatched", "repeated", "rejected"].map((w) => t(w))}
        rows={sources.map(([source, rows]) => [
          source,
          rows.read,
          rows.used,
          rows.unmatched,
          rows.repeated,
          rows.rejected,
        ])}
      />
    </details>
  );
}

function Reasons({ report }: { report: Report }) {
  const t = useWords();
  const reasons = Object.entries(report.reasons);
  if (reasons.length === 0) return null;
  return (
    <details open>
      <summary>{t("why rows were quarantined")}</summary>
      <ul className="reasons">
        {reasons.map(([why, rows]) => (
          <li key={why}>
            <b>{rows}</b> {why}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Fields({ name, report }: { name: string; report: Report }) {
  const t = useWords();
  const row = ([field, before]: [string, Report["before"][string]]) => {
    const after = report.after[field];
    return [
      field,
      before.missing,
      after.missing,
      report.unreadable?.[field] ?? 0,
      report.treated[field]?.filled ?? 0,
      report.treated[field]?.outside ?? "–",
      decimals(before.mean, 1),
      "mean" in before ? decimals(after.mean, 1) : "–",
    ];
  };
  return (
    <details open>
      <summary>{t("fields before and after")}</summary>
      <Table
        label={t("Fields of {}", name)}
        head={[
          t("field"),
          t("missing before"),
          t("after"),
          t("unreadable"),
          t("imputed"),
          t("outliers"),
          t("mean before"),
          t("after"),
        ]}
        rows={Object.entries(report.before).map(row)}
      />
    </details>
  );
}
