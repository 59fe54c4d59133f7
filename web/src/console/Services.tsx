// Services: live figures, a version that comes in, a playground, the last predictions, and both ways back.
import { nameOf } from "../i18n/names";
import { useWords } from "../i18n/words";
import { ConfirmDialog } from "../shared/ConfirmDialog";
import { decimals, percent, when } from "../shared/format";
import { LivePlots } from "../shared/LivePlots";
import { WhatIf } from "../shared/WhatIf";
import { WhenOpen } from "../shared/WhenOpen";
import type {
  Deployment,
  Ecosystem,
  Moved,
  Output,
  Prediction,
  Service,
  ServiceFigures,
} from "../state/consoleWire";
import { call } from "../state/live";
import { Empty } from "./parts";
import { RolloutSection } from "./Rollout";

const RECENT = 8; // predictions shown at most

export function Services({
  all,
  follow,
  reload,
}: {
  all: Ecosystem;
  follow: (id: string) => void;
  reload: () => void;
}) {
  const t = useWords();
  const services = Object.entries(all.services);
  if (services.length === 0) return <Empty>{t("The file names no service.")}</Empty>;
  return services.map(([name, service]) => (
    <ServiceArticle key={name} name={name} service={service} follow={follow} reload={reload} />
  ));
}

function ServiceArticle({
  name,
  service,
  follow,
  reload,
}: {
  name: string;
  service: Service;
  follow: (id: string) => void;
  reload: () => void;
}) {
  const t = useWords();
  return (
    <article>
      <h2>
        {name} <small>{service.version ?? t("nothing deployed yet")}</small>
      </h2>
      <FigureLine figures={service.figures} />
      <div className="plots">
        <LivePlots id={`services.${name}`} />
      </div>
      {service.rollout && <RolloutSection name={name} rollout={service.rollout} reload={reload} />}
      {service.trouble && <p className="bad">{service.trouble}</p>}
      <WhenOpen name={t("playground: what if")}>
        <WhatIf service={name} />
      </WhenOpen>
      <Recent predictions={service.recent} follow={follow} />
      <History deployments={service.history} />
      {service.version && <Controls name={name} reload={reload} />}
    </article>
  );
}

function FigureLine({ figures }: { figures: ServiceFigures }) {
  const t = useWords();
  return (
    <p className="sum">
      {decimals(figures.rate, 2)} {t("requests/s")} ·{" "}
      {figures.error_rate === null ? (
        t("no requests in the last minute")
      ) : (
        <>
          p50 {decimals(figures.p50_ms, 1)} ms · p95 {decimals(figures.p95_ms, 1)} ms ·{" "}
          {t("errors")} {percent(figures.error_rate, 2)} % · {t("refused (4xx)")}{" "}
          {percent(figures.refused_rate, 1)} %
        </>
      )}
    </p>
  );
}

/** How sure an answer is: the interval of a number, the probability of a class. */
function sureness(output: Output): string {
  if (!("value" in output)) return decimals(output.probability, 2);
  if (!output.interval) return "";
  const [low, high] = output.interval;
  return `(${decimals(low, 1)} – ${decimals(high, 1)})`;
}

function Recent({
  predictions,
  follow,
}: {
  predictions: Prediction[];
  follow: (id: string) => void;
}) {
  const t = useWords();
  return (
    <details open>
      <summary>{t("last predictions")}</summary>
      {predictions.length === 0 && <Empty>{t("None yet.")}</Empty>}
      {predictions.length > 0 && (
        <ul className="recent">
          {predictions.slice(0, RECENT).map((p) => (
            <li key={p.id}>
              <button onClick={() => follow(p.id)}>{p.id}</button> {String(p.output.label ?? "")}{" "}
              {sureness(p.output)} <small>{when(p.at)}</small>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

function History({ deployments }: { deployments: Deployment[] }) {
  const t = useWords();
  return (
    <details>
      <summary>{t("history")}</summary>
      <ul>
        {deployments.map((d) => (
          <li key={d.id}>
            {when(d.at)} <b>{d.version || d.answers}</b>{" "}
            {t("by {}: {}", nameOf("who", d.who), d.why)}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Controls({ name, reload }: { name: string; reload: () => void }) {
  const t = useWords();
  const back = async (why: string) => {
    const moved = await call<Moved>(`/v1/services/${name}/rollback`, { why });
    reload();
    return `${moved.from} → ${moved.to}`;
  };
  const train = async (why: string) => {
    await call(`/v1/services/${name}/retrain`, { why });
    return t("it is being trained; the work page shows how far it is");
  };
  return (
    <>
      <ConfirmDialog
        name={t("Train a challenger")}
        question={t(
          "Train a challenger for {} on its data and the recorded labels? It is promoted only if it is better.",
          name,
        )}
        act={train}
      />{" "}
      <ConfirmDialog
        name={t("Roll back")}
        danger
        question={t("Roll {} back to the previous version?", name)}
        act={back}
      />
    </>
  );
}
