// Monitors: how far each feature is from an alarm, what the drift is and what mends it; alerts and silences.
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import { ConfirmDialog } from "../shared/ConfirmDialog";
import { Empty, Table, when, type All, type Any } from "./parts";

export function Monitors({ all, again }: { all: All; again: () => void }) {
  const t = useWords();
  const open = all.alerts.filter((a) => !a.cleared_at), over = all.alerts.filter((a) => a.cleared_at);
  const close = (id: string) => async (why: string) => { await call(`/v1/alerts/${encodeURIComponent(id)}/close`, { why }); again(); return t("done"); };
  return (
    <>
      <section aria-labelledby="open"><h2 id="open">{t("Open alerts")}</h2>
        {open.length === 0 ? <Empty>{t("No alert is open.")}</Empty> : <ul className="alertlist">{open.map((a) => <li key={a.id}><b>{a.monitor}</b> {a.detail?.verdict && <><span className="kind">{a.detail.verdict.kind}</span> <span className="kind remedy">{t("remedy: {}", a.detail.verdict.remedy)}</span>{a.detail.verdict.harm !== null && <span className="kind">{t("costs {} % of accuracy", (100 * a.detail.verdict.harm).toFixed(1))}</span>} </>}{a.message} <small>{when(a.at)}</small> <ConfirmDialog name={t("Close with a reason")} question={t("Close this alert of {}? A fault that is still there raises another.", a.monitor)} act={close(a.id)} reasoned /></li>)}</ul>}
      </section>
      {Object.keys(all.monitors).length === 0 && <Empty>{t("The file names no monitor.")}</Empty>}
      {Object.entries(all.monitors).map(([k, m]) => <Monitor key={k} name={k} m={m as Any} silent={all.silenced.includes(k)} again={again} />)}
      {over.length > 0 && <section aria-labelledby="over"><h2 id="over">{t("Alerts that cleared")}</h2><ul className="alertlist">{over.slice(0, 15).map((a) => <li key={a.id}><b>{a.monitor}</b> {a.message} <small>{when(a.at)} → {when(a.cleared_at)}</small></li>)}</ul></section>}
    </>
  );
}

function Monitor({ name, m, silent, again }: { name: string; m: Any; silent: boolean; again: () => void }) {
  const t = useWords();
  const last = m.last ?? {}, level = last.level as number | undefined, tested = Object.entries((last.p_values ?? {}) as Record<string, number>).sort((a, b) => a[1] - b[1]);
  const hush = (length: string) => async (why: string) => { await call(`/v1/monitors/${name}/silence`, { for: length, why }); again(); return t("done"); };
  const surge = last.surge?.usual as Record<string, number> | undefined;
  return (
    <article><h2>{name} <small>{t("watches {}", m.watches)}{silent && ` · ${t("silent")}`}</small></h2>
      {last.window && <p className="sum">{t("{} of {} rows of the window are in", last.waiting ?? 0, last.window)}</p>}
      {last.unwatched && <p className="sum">{t("Not watched: {}", last.unwatched)}</p>}
      {last.labels && <p className="sum">{t("Labels: {}", last.labels)}</p>}
      {last.trouble && <p className="sum">{t("Trouble: {}", last.trouble)}</p>}
      {last.verdict && <p><span className="kind">{last.verdict.kind}</span> <span className="kind remedy">{t("remedy: {}", last.verdict.remedy)}</span> {last.verdict.why}</p>}
      {tested.length > 0 && level !== undefined ? (
        <Table label={t("Drift of {}", name)} head={[t("feature"), "p", t("how near an alarm")]} rows={tested.map(([f, p]) => { const far = Math.min(1, Math.log10(Math.max(p, 1e-12)) / Math.log10(level)); return [f, p < 1e-4 ? p.toExponential(1) : p.toFixed(4), <i key="m" className={`meter ${p <= level ? "alarm" : ""}`} role="img" aria-label={p <= level ? t("over the line") : t("{} % of the way", (far * 100).toFixed(0))}><b style={{ width: `${Math.max(0, far) * 100}%` }} /></i>]; })} />
      ) : !surge && <Empty>{t("No window is full yet, so nothing is judged.")}</Empty>}
      {surge && <Table label={t("Usual shares of {}", name)} head={[t("topic"), t("usual share")]} rows={Object.entries(surge).map(([k, v]) => [k, `${(100 * v).toFixed(1)} %`])} />}
      {silent ? <ConfirmDialog name={t("End the silence")} question={t("Tell people of {} again?", name)} act={hush("0s")} /> : <ConfirmDialog name={t("Silence for 2 h")} question={t("Send no notifications about {} for two hours? Alerts are still recorded.", name)} act={hush("2h")} />}
    </article>
  );
}
