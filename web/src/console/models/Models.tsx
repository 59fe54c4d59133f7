// Models: the figures of the version that serves, versions side by side, where it is weak, and what to label next.
import { useWords } from "../../i18n/words";
import type { Ecosystem, Version } from "../../state/consoleWire";
import { Empty } from "../parts";
import { FiguresTable, Learning } from "./Learning";
import { Proposals } from "./Proposals";
import { Refusal } from "./Refusal";
import { Unsure } from "./Unsure";
import { Versions } from "./Versions";
import { Classes, Examples, Gaps, Robust, WeakSlices } from "./Weaknesses";

export function Models({ all }: { all: Ecosystem }) {
  const t = useWords();
  const models = Object.entries(all.models).filter(([, versions]) => versions.length > 0);
  if (models.length === 0)
    return <Empty>{t("No model is trained yet; run mesocosm build.")}</Empty>;
  return models.map(([name, versions]) => (
    <ModelArticle key={name} name={name} versions={versions} all={all} />
  ));
}

/** The version that serves, or else the newest. */
function shownVersion(versions: Version[]): Version | undefined {
  return versions.findLast((v) => v.state === "champion") ?? versions.at(-1);
}

function ModelArticle({
  name,
  versions,
  all,
}: {
  name: string;
  versions: Version[];
  all: Ecosystem;
}) {
  const version = shownVersion(versions);
  if (!version) return null;
  const serves = Object.entries(all.services).find(([, s]) => s.version === version.id)?.[0];
  const metrics = version.metrics;
  const hasClasses = Object.keys(metrics.classes ?? {}).length > 0;
  return (
    <article>
      <Heading name={name} version={version} serves={serves} />
      <Refusal versions={versions} shown={version} />
      <FiguresTable name={name} version={version} />
      <Learning name={name} version={version} />
      <WeakSlices name={name} slices={metrics.slices} />
      <Robust robustness={metrics.robustness} />
      <Gaps metrics={metrics} />
      <Versions name={name} versions={versions} shown={version} />
      <Examples examples={metrics.examples} />
      {hasClasses && <Unsure model={name} />}
      {hasClasses && <Proposals model={name} serves={serves} />}
      {hasClasses && <Classes name={name} classes={metrics.classes} />}
    </article>
  );
}

function Heading({
  name,
  version,
  serves,
}: {
  name: string;
  version: Version;
  serves: string | undefined;
}) {
  const t = useWords();
  const { recipe, metrics } = version;
  return (
    <>
      <h2>
        {name}{" "}
        <small>
          {version.id} · {t(version.state)}
        </small>
      </h2>
      <p className="sum">
        {t(
          "{} on {}, {} head, {}; trained on {}; evaluated on {} held-out rows",
          recipe.method,
          recipe.base ?? t("no base model"),
          recipe.head,
          recipe.precision ?? "",
          version.snapshot,
          metrics.rows,
        )}
        {serves && (
          <>
            {" "}
            · <a href="#/services">{t("ask it what if")}</a>
          </>
        )}
      </p>
    </>
  );
}
