// Monitors: how far each feature is from an alarm, what the drift is and what mends it; alerts and silences.
import { nameOf } from "../i18n/names";
import { useWords } from "../i18n/words";
import { ConfirmDialog } from "../shared/ConfirmDialog";
import { when } from "../shared/format";
import type { Alert, Ecosystem, Look, Monitor, Verdict } from "../state/consoleWire";
import { call } from "../state/live";
import { Empty, Table } from "./parts";

const CLEARED = 15; // alerts that cleared, shown at most

export function Monitors({ all, reload }: { all: Ecosystem; reload: () => void }) {
  const t = useWords();
  const monitors = Object.entries(all.monitors);
  return (
    <>
      <OpenAlerts alerts={all.alerts.filter((a) => !a.cleared_at)} reload={reload} />
      {monitors.length === 0 && <Empty>{t("The file names no monitor.")}</Empty>}
      {monitors.map(([name, monitor]) => (
        <MonitorArticle
          key={name}
          name={name}
          monitor={monitor}
          silent={all.silenced.includes(name)}
          reload={reload}
        />
      ))}
      <ClearedAlerts alerts={all.alerts.filter((a) => a.cleared_at)} />
    </>
  );
}

function OpenAlerts({ alerts, reload }: { alerts: Alert[]; reload: () => void }) {
  const t = useWords();
  const close = (id: string) => async (why: string) => {
    await call(`/v1/alerts/${encodeURIComponent(id)}/close`, { why });
    reload();
    return t("done");
  };
  return (
    <section aria-labelledby="open">
      <h2 id="open">{t("Open alerts")}</h2>
      {alerts.length === 0 && <Empty>{t("No alert is open.")}</Empty>}
      {alerts.length > 0 && (
        <ul className="alertlist">
          {alerts.map((alert) => (
            <li key={alert.id}>
              <b>{alert.monitor}</b> <AlertVerdict verdict={alert.detail?.verdict} />
              {alert.message} <small>{when(alert.at)}</small>{" "}
              <ConfirmDialog
                name={t("Close with a reason")}
                question={t(
                  "Close this alert of {}? A fault that is still there raises another.",
                  alert.monitor,
                )}
                act={close(alert.id)}
                reasoned
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function AlertVerdict({ verdict }: { verdict: Verdict | null | undefined }) {
  const t = useWords();
  if (!verdict) return null;
  return (
    <>
      <span className="kind">{nameOf("shift", verdict.kind)}</span>{" "}
      <span className="kind remedy">{t("remediation: {}", nameOf("remedy", verdict.remedy))}</span>
      {typeof verdict.harm === "number" && (
        <span className="kind">{t("costs {} % of accuracy", (100 * verdict.harm).toFixed(1))}</span>
      )}{" "}
    </>
  );
}

function ClearedAlerts({ alerts }: { alerts: Alert[] }) {
  const t = useWords();
  if (alerts.length === 0) return null;
  return (
    <section aria-labelledby="over">
      <h2 id="over">{t("Alerts that cleared")}</h2>
      <ul className="alertlist">
        {alerts.slice(0, CLEARED).map((alert) => (
          <li key={alert.id}>
            <b>{alert.monitor}</b> {alert.message}{" "}
            <small>
              {when(alert.at)} → {when(alert.cleared_at ?? alert.at)}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

function MonitorArticle({
  name,
  monitor,
  silent,
  reload,
}: {
  name: string;
  monitor: Monitor;
  silent: boolean;
  reload: () => void;
}) {
  const t = useWords();
  return (
    <article>
      <h2>
        {name}{" "}
        <small>
          {t("monitors {}", monitor.watches)}
          {silent && ` · ${t("silent")}`}
        </small>
      </h2>
      <LookSentences look={monitor.last} />
      <Drift name={name} look={monitor.last} />
      <UsualShares name={name} usual={monitor.last.surge?.usual} />
      <Silence name={name} silent={silent} reload={reload} />
    </article>
  );
}

function LookSentences({ look }: { look: Look }) {
  const t = useWords();
  return (
    <>
      {look.window ? (
        <p className="sum">{t("{} of {} rows of the window", look.waiting ?? 0, look.window)}</p>
      ) : null}
      {look.unwatched && <p className="sum">{t("Not monitored: {}", look.unwatched)}</p>}
      {look.labels && <p className="sum">{t("Labels: {}", look.labels)}</p>}
      {look.trouble && <p className="sum">{t("Trouble: {}", look.trouble)}</p>}
      {look.verdict && (
        <p>
          <span className="kind">{nameOf("shift", look.verdict.kind)}</span>{" "}
          <span className="kind remedy">
            {t("remediation: {}", nameOf("remedy", look.verdict.remedy))}
          </span>{" "}
          {look.verdict.why}
        </p>
      )}
    </>
  );
}

function Drift({ name, look }: { name: string; look: Look }) {
  const t = useWords();
  const level = look.level;
  const tested = Object.entries(look.p_values ?? {}).sort((a, b) => a[1] - b[1]);
  if (tested.length === 0 || typeof level !== "number") {
    if (look.surge?.usual) return null;
    return <Empty>{t("No window is full yet, so nothing was tested.")}</Empty>;
  }
  return (
    <Table
      label={t("Drift of {}", name)}
      head={[t("feature"), "p", t("share of the alarm threshold")]}
      rows={tested.map(([feature, p]) => [
        feature,
        p < 1e-4 ? p.toExponential(1) : p.toFixed(4),
        <Nearness key="m" p={p} level={level} />,
      ])}
    />
  );
}

function Nearness({ p, level }: { p: number; level: number }) {
  const t = useWords();
  const far = Math.min(1, Math.log10(Math.max(p, 1e-12)) / Math.log10(level));
  const over = p <= level;
  return (
    <i
      className={`meter ${over ? "alarm" : ""}`}
      role="img"
      aria-label={
        over ? t("over the threshold") : t("{} % of the threshold", (far * 100).toFixed(0))
      }
    >
      <b style={{ width: `${Math.max(0, far) * 100}%` }} />
    </i>
  );
}

function UsualShares({
  name,
  usual,
}: {
  name: string;
  usual: Record<string, number> | null | undefined;
}) {
  const t = useWords();
  if (!usual) return null;
  return (
    <Table
      label={t("Usual shares of {}", name)}
      head={[t("topic"), t("usual share")]}
      rows={Object.entries(usual).map(([topic, share]) => [topic, `${(100 * share).toFixed(1)} %`])}
    />
  );
}

function Silence({ name, silent, reload }: { name: string; silent: boolean; reload: () => void }) {
  const t = useWords();
  const hush = (length: string) => async (why: string) => {
    await call(`/v1/monitors/${name}/silence`, { for: length, why });
    reload();
    return t("done");
  };
  if (silent)
    return (
      <ConfirmDialog
        name={t("End the silence")}
        question={t("Send notifications about {} again?", name)}
        act={hush("0s")}
      />
    );
  return (
    <ConfirmDialog
      name={t("Silence for 2 h")}
      question={t("Send no notifications about {} for two hours? Alerts are still recorded.", name)}
      act={hush("2h")}
    />
  );
}
