// What wants somebody: open alerts, versions that were kept out, recommendations, and what a build would do.
import type { ReactNode } from "react";
import { nameOf } from "../i18n/names";
import { useWords } from "../i18n/words";
import { when } from "../shared/format";
import type { Ecosystem, Version } from "../state/consoleWire";
import { Empty } from "./parts";

/** The newest version of each model where a gate kept it out. */
function refusedVersions(models: Ecosystem["models"]): [string, Version][] {
  return Object.entries(models).flatMap(([name, versions]): [string, Version][] => {
    const newest = versions.at(-1);
    return newest?.state === "refused" ? [[name, newest]] : [];
  });
}

export function Attention({ all }: { all: Ecosystem }) {
  const t = useWords();
  const open = all.alerts.filter((a) => !a.cleared_at);
  const refused = refusedVersions(all.models);
  const next = all.next.filter((one) => !open.some((a) => one.text.includes(a.message))); // an open alert is listed already
  const due = all.plan.filter((change) => change.sign !== "=");
  const none = open.length + refused.length + next.length + due.length === 0;
  return (
    <section aria-labelledby="wanted">
      <h2 id="wanted">{t("Needs attention")}</h2>
      {none && (
        <Empty>{t("No recommendations. Data, models and services are what the file says.")}</Empty>
      )}
      {!none && (
        <ul className="wants">
          {open.map((a) => (
            <Want key={a.id} to="#/monitors" state="alarm" name={a.monitor}>
              {a.message} <small>{when(a.at)}</small>
            </Want>
          ))}
          {refused.map(([name, version]) => (
            <Want key={name} to="#/models" state="watch" name={name}>
              {t("{} was not deployed: {}", version.id, version.why)}
            </Want>
          ))}
          {next.map((one) => (
            <Want key={one.text} to={`#/${one.page}`} state="watch" name={t("recommendation")}>
              {one.text}
            </Want>
          ))}
          {due.map((change) => (
            <li key={change.address}>
              <code>{change.sign}</code> <b>{change.address}</b>{" "}
              {change.because.length > 0
                ? t("{}: {}", nameOf("plan", change.action), change.because.join(t("; ")))
                : nameOf("plan", change.action)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Want({
  to,
  state,
  name,
  children,
}: {
  to: string;
  state: "alarm" | "watch";
  name: string;
  children: ReactNode;
}) {
  return (
    <li>
      <a href={to}>
        <span className={`dot ${state}`} /> <b>{name}</b>
      </a>{" "}
      {children}
    </li>
  );
}
