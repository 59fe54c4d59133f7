// The world's page: the valley, its list, its cards, and the doors to VR and AR.
import { Canvas, useFrame } from "@react-three/fiber";
import { createXRStore, XR, XROrigin, useXR } from "@react-three/xr";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import * as THREE from "three";
import { named, PALETTES } from "../scene/palette";
import type { Land } from "../scene/terrain";
import { useLive } from "../state/live";
import { Visitors } from "../state/visitors";
import type { Scene } from "../state/wire";
import { Card } from "./Card";
import { List } from "./List";
import { Company, People } from "./People";
import { Valley } from "./Valley";
import { Walk, type Aim } from "./Walk";

declare global { interface Window { mesocosm: { frames: number; xr: string; origin: number[]; people: () => { id: number; name: string; place: number[] }[]; camera: number[] } } }
window.mesocosm = { frames: 0, xr: "", origin: [0, 0, 0], people: () => [], camera: [0, 0, 0] };

const store = createXRStore({ emulate: false, offerSession: false, baseAssetPath: `${location.origin}/profiles/`, controller: { teleportPointer: true }, hand: { teleportPointer: true } });

function Count() {
  const mode = useXR((s) => s.session ? s.mode : null);
  useFrame(({ camera }) => { window.mesocosm.frames += 1; window.mesocosm.xr = mode ?? ""; window.mesocosm.camera = camera.position.toArray(); });
  return null;
}

// In AR the whole valley stands on a table; in VR the visitor stands in it.
function Stage({ scene, look, chosen, still, onChoose, aim, visitors }: { visitors: Visitors; scene: Scene; look: string; chosen: string | null; still: boolean; onChoose: (id: string | null) => void; aim: Aim | null }) {
  const mode = useXR((s) => s.session ? s.mode : null);
  const ar = mode === "immersive-ar";
  const [land, setLand] = useState<{ at: Land }>({ at: () => 0 });
  const keep = useCallback((l: Land) => setLand({ at: l }), []);
  const [origin, move] = useState(() => new THREE.Vector3(0, 0, 74));
  const p = PALETTES[look]!;
  const feet = ar ? new THREE.Vector3() : new THREE.Vector3(origin.x, land.at(origin.x, origin.z), origin.z);
  window.mesocosm.origin = feet.toArray();
  return (
    <>
      <XROrigin position={feet} />
      <fog attach="fog" args={[p.fog, 110, 420]} />
      <group scale={ar ? 0.006 : 1} position={ar ? [0, 0.72, -0.9] : [0, 0, 0]}>
        <Valley scene={scene} p={p} chosen={chosen} still={still} ar={ar} onChoose={onChoose} onLand={keep} onTeleport={(at) => move(at.clone())} />
      </group>
      <People visitors={visitors} ar={ar} />
      <Walk land={land.at} aim={aim} still={still} />
      <Count />
    </>
  );
}

// Asked once and given back: a browser drops the oldest of sixteen contexts, and that would be the valley's own.
const GL = ((): boolean => {
  try {
    const trial = document.createElement("canvas").getContext("webgl2");
    trial?.getExtension("WEBGL_lose_context")?.loseContext();
    return Boolean(trial);
  } catch { return false; }
})();

export function World() {
  const { scene, linked } = useLive();
  const [chosen, set] = useState<string | null>(null);
  const [look, setLook] = useState<string | null>(null);
  const [asList, setList] = useState(!GL || innerWidth < 620);
  const [doors, setDoors] = useState({ vr: false, ar: false });
  const [lost, setLost] = useState(false);
  const [, again] = useState(0);
  const [met, meet] = useState(false);
  const visitors = useMemo(() => new Visitors(() => again((n) => n + 1)), []);
  const [name, call] = useState(() => { try { return localStorage.getItem("mesocosm-name") ?? ""; } catch { return ""; } });
  useEffect(() => {
    visitors.open(name);
    window.mesocosm.people = () => [...visitors.people.values()].filter((p) => p.id !== visitors.me && p.samples.length).map((p) => ({ id: p.id, name: p.name, place: p.samples.at(-1)!.place.toArray() }));
    return () => visitors.close();
  }, [visitors, name]);
  const take = (said: string) => { try { localStorage.setItem("mesocosm-name", said); } catch { /* a private window */ } call(said); };
  const still = useMemo(() => matchMedia("(prefers-reduced-motion: reduce)").matches, []);
  const by = useRef(new Map<string, Scene["elements"][number]>());
  if (scene) by.current = new Map(scene.elements.map((e) => [e.id, e]));
  const [aim, setAim] = useState<Aim | null>(null);
  const choose = useCallback((id: string | null) => {
    set(id);
    const e = id ? by.current.get(id) : null;
    if (e) setAim({ at: new THREE.Vector3(e.x + 9, e.altitude + 9, e.z + 21), look: new THREE.Vector3(e.x, e.altitude + 4, e.z) });
  }, []);
  useEffect(() => {
    const xr = navigator.xr;
    if (!xr) return;
    for (const [key, mode] of [["vr", "immersive-vr"], ["ar", "immersive-ar"]] as const) xr.isSessionSupported(mode).then((yes) => setDoors((old) => ({ ...old, [key]: yes })), () => undefined);
  }, []);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) return;
      if (e.key === "l") setList((v) => !v);
      if (e.key === "Escape") set(null);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);
  if (!scene) return <main className="wait"><p>Waiting for the ecosystem…</p></main>;
  const now = look ?? named(scene.style);
  const e = chosen ? by.current.get(chosen) : undefined;
  return (
    <main className={`world ${asList ? "listed" : ""} ${PALETTES[now]!.night ? "dark" : ""}`}>
      {GL && (
        <div className="view" role="img" aria-label={`${scene.ecosystem}: ${scene.elements.length} things; ${scene.alerts.length} alerts open. Press L for the same as a list.`}>
          <Canvas shadows camera={{ fov: 55, near: 0.1, far: 900 }} dpr={[1, 1.75]} gl={{ antialias: true, toneMappingExposure: 1.15 }}
            onCreated={({ gl }) => {
              gl.domElement.addEventListener("webglcontextlost", () => { setLost(true); setList(true); });
              gl.domElement.addEventListener("webglcontextrestored", () => setLost(false));
            }}>
            <XR store={store}><Stage scene={scene} look={now} chosen={chosen} still={still} onChoose={choose} aim={aim} visitors={visitors} /></XR>
          </Canvas>
        </div>
      )}
      <header className="bar">
        <h1>{scene.ecosystem}</h1>
        <span className={linked ? "live" : "live off"}>{linked ? "live" : "link lost, showing the last state"} · revision {scene.revision}</span>
        <span className="grow" />
        <label>Light <select value={now} onChange={(ev) => setLook(ev.target.value)}>{Object.keys(PALETTES).map((k) => <option key={k}>{k}</option>)}</select></label>
        {GL && <button onClick={() => setList((v) => !v)} aria-pressed={asList}>List</button>}
        {doors.vr && <button onClick={() => void store.enterVR()}>Enter VR</button>}
        {doors.ar && <button onClick={() => void store.enterAR()}>On the table (AR)</button>}
        <button onClick={() => meet((v) => !v)} aria-pressed={met}>{Math.max(1, visitors.people.size + (visitors.people.has(visitors.me) ? 0 : 1))} here</button>
        <a href="/">Console</a>
      </header>
      {lost && <div className="alerts" role="status"><p>The picture was lost (the graphics card has other work) and comes back by itself; the list shows the same.</p></div>}
      {!lost && scene.alerts.length > 0 && <div className="alerts" role="status">{scene.alerts.slice(0, 2).map((a) => <p key={String(a.id)}>⚠ {told(a)}</p>)}</div>}
      {asList && <List scene={scene} chosen={chosen} onChoose={choose} />}
      {met && !e && <Company key={visitors.name} visitors={visitors} onName={take} onClose={() => meet(false)} />}
      {e && <Card e={e} name={visitors.name} onClose={() => set(null)} />}
      {!asList && !e && <p className="hint">Drag to look, W A S D to walk, click a thing for its card, L for the list</p>}
    </main>
  );
}

/** An alert in a line: the verdict of a drift where there is one, else its message. */
function told(alert: Record<string, unknown>): string {
  const verdict = alert.verdict as { kind: string; remedy: string } | null | undefined;
  return verdict ? `${alert.service}: ${verdict.kind} drift; remedy: ${verdict.remedy}` : String(alert.message);
}
