// One request followed from its spring to its lamp, and back along its lineage: the way lights up, and each step says what it gave.
import { useFrame } from "@react-three/fiber";
import { useEffect, useMemo, useRef, useState } from "react";
import * as THREE from "three";
import { call } from "../state/live";
import { useWords } from "../i18n/words";
import type { Element, Scene } from "../state/wire";
import { LIFT, wayOf } from "../world/Fireflies";

interface Lineage { prediction: { id: string; service: string; output: { label?: string; probability?: number; value?: number }; at: number }; version: { id: string; model?: string; content: string }; recipe: { method: string; head: string }; snapshot: { id: string; account: { kept: number; in: number } }; files: Record<string, string>; rows: { training: number } }

export function Follow({ scene, onPath, onStep, onClose }: { scene: Scene; onPath: (ids: string[]) => void; onStep: (id: string) => void; onClose: () => void }) {
  const t = useWords();
  const [past, set] = useState<Lineage | null>(null);
  const [fault, fail] = useState("");
  const [step, go] = useState(0);
  const newest = [...scene.fireflies].reverse().find((f) => f.id)?.id;
  const [asked, ask] = useState<string | null>(newest ?? null);
  useEffect(() => {
    if (asked) return;
    void call<{ services: Record<string, { recent: { id: string; at: number }[] }> }>("/v1/ecosystem").then((all) => {
      const last = Object.values(all.services).flatMap((s) => s.recent).sort((a, b) => b.at - a.at)[0];
      if (last) ask(last.id); else fail(t("No request was answered yet; ask a service something, and follow it here."));
    }, (e: Error) => fail(e.message));
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [asked]);
  useEffect(() => {
    if (asked) void call<Lineage>(`/v1/lineage/${encodeURIComponent(asked)}`).then((l) => { set(l); fail(""); go(0); }, (e: Error) => fail(e.message));
  }, [asked]);
  const way = useMemo(() => (past ? wayOf(`services.${past.prediction.service}`, new Map(scene.elements.map((e) => [e.id, e]))).reverse() : []), [past, scene.elements]);
  const ids = way.map((e) => e.id).join();
  useEffect(() => { onPath(ids ? ids.split(",").reverse() : []); }, [ids, onPath]);
  const told = (e: Element): string => {
    if (!past) return "";
    const o = past.prediction.output;
    if (e.kind === "lighthouse") return t("answered {} ({})", o.label ?? o.value ?? "", o.probability === undefined ? past.prediction.id : `${(100 * o.probability).toFixed(0)} %`);
    if (e.kind === "tree") return t("version {}, {} with a {} head", past.version.id, past.recipe.method, past.recipe.head);
    if (e.kind === "lake") return t("snapshot {}: {} rows kept of {}, {} of them taught it", past.snapshot.id, past.snapshot.account.kept, past.snapshot.account.in, past.rows.training);
    return Object.keys(past.files).join(", ");
  };
  const to = (i: number) => { go(i); onStep(way[i]!.id); };
  return (
    <aside className="company follow" aria-label={t("Follow a request")}>
      <header><h2>{t("Follow a request")}</h2><button className="x" onClick={onClose} aria-label={t("Stop following")}>×</button></header>
      {fault && <p role="status">{fault}</p>}
      {!past && !fault && <p>{t("Looking for the last request…")}</p>}
      {past && <>
        <p><small>{past.prediction.id} · {new Date(past.prediction.at * 1000).toLocaleTimeString()}</small></p>
        <ol>{way.map((e, i) => <li key={e.id}><button aria-current={i === step ? "step" : undefined} onClick={() => to(i)}><b>{e.name}</b> <small>{told(e)}</small></button></li>)}</ol>
        <div className="row"><button disabled={step === 0} onClick={() => to(step - 1)}>{t("Downstream")}</button><button disabled={step >= way.length - 1} onClick={() => to(step + 1)}>{t("Upstream")}</button></div>
        {newest && newest !== asked && <button onClick={() => ask(newest)}>{t("Follow the newest instead")}</button>}
      </>}
    </aside>
  );
}

// The lit way, and a spark that runs along it.
export function Spark({ path, still }: { path: Element[]; still: boolean }) {
  const spark = useRef<THREE.Mesh>(null), t = useRef(0);
  const curve = useMemo(() => (path.length > 1 ? new THREE.CatmullRomCurve3(path.map((e) => new THREE.Vector3(e.x, e.altitude + LIFT[e.kind], e.z)), false, "catmullrom", 0.3) : null), [path]);
  const tube = useMemo(() => (curve ? new THREE.TubeGeometry(curve, 120, 0.16, 6) : null), [curve]);
  useFrame((_, step) => { if (!curve || !spark.current) return; t.current = still ? 0.5 : (t.current + step * 0.12) % 1; spark.current.position.copy(curve.getPoint(t.current)); });
  return tube && (
    <group>
      <mesh geometry={tube}><meshBasicMaterial color="#fff3a0" transparent opacity={0.6} toneMapped={false} /></mesh>
      <mesh ref={spark}><sphereGeometry args={[0.6, 16, 12]} /><meshBasicMaterial color="#fffbe0" toneMapped={false} /></mesh>
    </group>
  );
}
