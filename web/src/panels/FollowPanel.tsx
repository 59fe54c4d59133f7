// One request followed from its spring to its lamp, and back along its lineage: the way lights up, and each step says what it gave.
import { useEffect, useMemo, useState } from "react";
import { useWords, type Say } from "../i18n/words";
import { CloseButton } from "../shared/CloseButton";
import { clock, listed, percent } from "../shared/format";
import type { Ecosystem, Lineage } from "../state/consoleWire";
import { call } from "../state/live";
import type { Element, Scene } from "../state/wire";
import { wayOf } from "../valley/requestPaths";

const NONE = "No request was answered yet; ask a service something, and follow it here.";

/** The last request that any service answered; an empty id where there was none. */
async function lastRequest(): Promise<string> {
  const all = await call<Ecosystem>("/v1/ecosystem");
  const recent = Object.values(all.services).flatMap((s) => s.recent);
  return recent.sort((a, b) => b.at - a.at).at(0)?.id ?? "";
}

/** The past of a request; of the last one that was answered where none is asked for. */
function useRequest(asked: string | null, ask: (id: string) => void) {
  const [past, setPast] = useState<Lineage | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    const fail = (error: Error) => setFault(error.message);
    if (!asked) {
      void lastRequest().then((id) => (id ? ask(id) : setFault(NONE)), fail);
      return;
    }
    void call<Lineage>(`/v1/lineage/${encodeURIComponent(asked)}`).then((found) => {
      setPast(found);
      setFault("");
    }, fail);
  }, [asked, ask]);
  return { past, fault };
}

/** What a thing on the way gave to a request. */
function given(e: Element, past: Lineage, t: Say): string {
  const { prediction, version, recipe, snapshot, rows } = past;
  const { label, value, probability } = prediction.output;
  if (e.kind === "lighthouse")
    return t(
      "answered {} ({})",
      String(label ?? value ?? ""),
      typeof probability === "number" ? `${percent(probability)} %` : prediction.id,
    );
  if (e.kind === "tree")
    return t("version {}, {} with a {} head", version.id ?? "", recipe.method, recipe.head);
  if (e.kind === "lake")
    return t(
      "snapshot {}: {} rows kept of {}, {} of them taught it",
      snapshot.id ?? "",
      snapshot.account.kept,
      snapshot.account.in,
      rows.training,
    );
  return listed(Object.keys(past.files));
}

export function FollowPanel({
  scene,
  onPath,
  onStep,
  onClose,
}: {
  scene: Scene;
  onPath: (ids: string[]) => void;
  onStep: (id: string) => void;
  onClose: () => void;
}) {
  const t = useWords();
  const newest = scene.fireflies.findLast((f) => f.id)?.id;
  const [asked, setAsked] = useState<string | null>(newest ?? null);
  const { past, fault } = useRequest(asked, setAsked);
  const way = useMemo(() => {
    if (!past) return [];
    const by = new Map(scene.elements.map((e) => [e.id, e]));
    return wayOf(`services.${past.prediction.service}`, by).reverse();
  }, [past, scene.elements]);
  const ids = way.map((e) => e.id).join();
  useEffect(() => {
    onPath(ids ? ids.split(",").reverse() : []);
  }, [ids, onPath]);
  return (
    <aside className="company follow" aria-label={t("Follow a request")}>
      <header>
        <h2>{t("Follow a request")}</h2>
        <CloseButton label={t("Stop following")} onClose={onClose} />
      </header>
      {fault && <p role="status">{t(fault)}</p>}
      {!past && !fault && <p>{t("Looking for the last request…")}</p>}
      {past && <Way key={past.prediction.id} past={past} way={way} onStep={onStep} />}
      {past && newest && newest !== asked && (
        <button onClick={() => setAsked(newest)}>{t("Follow the newest instead")}</button>
      )}
    </aside>
  );
}

function Way({
  past,
  way,
  onStep,
}: {
  past: Lineage;
  way: Element[];
  onStep: (id: string) => void;
}) {
  const t = useWords();
  const [step, setStep] = useState(0);
  const to = (i: number) => {
    setStep(i);
    onStep(way[i].id);
  };
  return (
    <>
      <p>
        <small>
          {past.prediction.id} · {clock(past.prediction.at)}
        </small>
      </p>
      <ol>
        {way.map((e, i) => (
          <li key={e.id}>
            <button aria-current={i === step ? "step" : undefined} onClick={() => to(i)}>
              <b>{e.name}</b> <small>{given(e, past, t)}</small>
            </button>
          </li>
        ))}
      </ol>
      <div className="row">
        <button disabled={step === 0} onClick={() => to(step - 1)}>
          {t("Downstream")}
        </button>
        <button disabled={step >= way.length - 1} onClick={() => to(step + 1)}>
          {t("Upstream")}
        </button>
      </div>
    </>
  );
}
