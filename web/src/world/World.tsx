// The world's page: the valley, its list, its cards, what can be done in it, and the doors to VR and AR.
import { Canvas, useFrame } from "@react-three/fiber";
import { createXRStore, useXR, useXRInputSourceState, XR, XROrigin } from "@react-three/xr";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import * as THREE from "three";
import { findGraphics } from "../scene/graphics";
import { landscapeOf } from "../scene/landscapes";
import { named, paletteOf, PALETTES } from "../scene/palette";
import type { Ground } from "../scene/terrain";
import { call, useLive } from "../state/live";
import type { Marker, Markers } from "../state/markers";
import { Visitors } from "../state/visitors";
import { sentence, useWords } from "../i18n/words";
import type { Element, Scene, Stall } from "../state/wire";
import { Card } from "../panels/ElementCard";
import { ComfortPanel, Ease, useComfort, type Comfort } from "../xr/Comfort";
import { useImportedModels, type ImportedModels } from "./ImportedModel";
import { swarm } from "./Fireflies";
import { Follow, Spark } from "../panels/FollowPanel";
import { List } from "../overlays/ElementList";
import { PeoplePanel, Avatars } from "./Avatars";
import { Sound } from "../overlays/Sound";
import { Table } from "../xr/TablePlacement";
import { LanguageSwitch } from "../i18n/LanguageSwitch";
import { Past } from "../overlays/TimeBar";
import { Valley } from "./Valley";
import { Walk, type Aim } from "./Walk";
import { Board, type BoardPanel } from "../xr/Board";
import { Detail, LEVELS, SHARP } from "./Detail";
import { MarkerCard, PutDown } from "../panels/MarkerCard";
import { Planted } from "./Markers";
import { useBarHeight } from "../overlays/barHeight";
import { useBoardPanel } from "../xr/panelState";

interface DebugState { board: { title: string; sub: string; lines: string[]; acts: string[]; spot: (i: number) => number[] } | null; markers: () => Marker[]; brought: string[]; frames: number; xr: string; origin: number[]; yaw: number; people: () => { id: number; name: string; place: number[] }[]; camera: number[]; drawn: { calls: number; triangles: number }; shown: number; path: string[]; first: number; laid: number; turn: (angle: number) => void; facts: () => Record<string, unknown[]>; stalls: () => Record<string, string[]>; detail: number; vignette: number; lift: number; table: number[] }
declare global { interface Window { mesocosm: DebugState } }
window.mesocosm = { board: null, markers: () => [], frames: 0, brought: [], xr: "", origin: [0, 0, 0], yaw: 0, people: () => [], camera: [0, 0, 0], drawn: { calls: 0, triangles: 0 }, shown: 0, path: [], first: 0, laid: 0, turn: () => undefined, facts: () => ({}), stalls: () => ({}), detail: 0, vignette: 0, lift: 0, table: [] };

const PRESS = { clickThresholdMs: 4000 }; // a press may be slow: 300 ms, as the library has it, is less than some hands and some frames take
const store = createXRStore({ emulate: false, offerSession: false, baseAssetPath: `${location.origin}/profiles/`, controller: { teleportPointer: true, rayPointer: PRESS }, hand: { teleportPointer: true, rayPointer: PRESS } });
const SNAP = Math.PI / 6;

function Count({ scene }: { scene: Scene }) {
  const mode = useXR((s) => s.session ? s.mode : null);
  useFrame(({ camera, gl }) => {
    const w = window.mesocosm;
    w.frames += 1; if (w.frames === 1) w.first = performance.now(); w.xr = mode ?? ""; w.camera = camera.position.toArray(); w.drawn = { calls: gl.info.render.calls, triangles: gl.info.render.triangles }; w.shown = scene.revision;
    w.facts = () => Object.fromEntries(scene.elements.map((e) => [e.id, [e.state, e.facts.kept ?? null, e.facts.version ?? null, e.weather, e.share]]));
    w.stalls = () => Object.fromEntries(scene.elements.filter((e) => e.stalls.length).map((e) => [e.id, e.stalls.map((s) => s.name)]));
  });
  return null;
}

// A stick pushed aside turns by 30 degrees at once, and again only after it came back.
function Snap({ onTurn }: { onTurn: (by: number) => void }) {
  const right = useXRInputSourceState("controller", "right"), left = useXRInputSourceState("controller", "left");
  const held = useRef(false);
  useFrame(() => {
    const x = [right, left].map((c) => c?.gamepad["xr-standard-thumbstick"]?.xAxis ?? 0).reduce((a, b) => (Math.abs(a) > Math.abs(b) ? a : b));
    if (Math.abs(x) > 0.7 && !held.current) { held.current = true; onTurn(x > 0 ? -SNAP : SNAP); }
    if (Math.abs(x) < 0.3) held.current = false;
  });
  return null;
}

// In AR the whole valley stands on a table; in VR the visitor stands in it.
function Stage({ scene, brought, look, chosen, still, onChoose, onHover, aim, visitors, markers, carried, aiming, path, detail, onDetail, comfort, sheet, sent, onMenu, onMode }: {
  sheet: BoardPanel | null; sent: THREE.Vector3 | null; onMenu: () => void; onMode: (mode: string | null) => void;
  visitors: Visitors; markers: Markers | null; carried: string | null; aiming: boolean; comfort: Comfort; detail: number; onDetail: (level: number) => void; scene: Scene; brought: ImportedModels; look: string; chosen: string | null; still: boolean; onChoose: (id: string | null) => void; onHover: (id: string | null) => void; aim: Aim | null; path: Element[];
}) {
  const mode = useXR((s) => s.session ? s.mode : null);
  const ar = mode === "immersive-ar";
  const [ground, setGround] = useState<Ground | null>(null);
  const [origin, move] = useState<THREE.Vector3 | null>(null);
  const [yaw, turn] = useState(0);
  const [sat, lift] = useState(0);
  const rig = useRef<THREE.Group>(null);
  useEffect(() => onMode(mode), [mode, onMode]);
  useEffect(() => { if (sent) move(sent.clone()); }, [sent]);
  const p = useMemo(() => paletteOf(look, scene.season, landscapeOf(scene.style, scene.landscape)), [look, scene.season, scene.style, scene.landscape]);
  const start = useMemo(() => new THREE.Vector3(0, 0, (ground?.foot ?? 52) + 22), [ground]);
  const spot = origin ?? start;
  const feet = ar || !ground ? new THREE.Vector3() : new THREE.Vector3(spot.x, Math.max(ground.land(spot.x, spot.z), ground.mere.y + 0.3) + sat + comfort.height, spot.z);
  const small = ground ? 1.8 / ground.size : 0.006;
  window.mesocosm.origin = feet.toArray();
  window.mesocosm.yaw = yaw;
  window.mesocosm.lift = sat + comfort.height;
  return (
    <>
      <XROrigin ref={rig} position={feet} rotation-y={ar ? 0 : yaw} />
      <fog attach="fog" args={[p.fog, 120, Math.max(440, (ground?.size ?? 0) * 0.9)]} />
      <Table ar={ar} scale={small} turn={yaw}>
        <Valley scene={scene} brought={brought} p={p} chosen={chosen} still={still} ar={ar} lean={detail} onChoose={onChoose} onHover={onHover} onGround={setGround} onTeleport={(at) => move(at.clone())} />
        <Spark path={path} still={still} />
        {ground && markers && <Planted markers={markers} ground={ground} night={p.night} chosen={chosen} carried={carried} aiming={aiming} name={visitors.name || "visitor"} onChoose={onChoose} onHover={onHover} />}
      </Table>
      <Avatars visitors={visitors} ar={ar} />
      {ground && <Walk ground={ground} aim={aim} still={still} />}
      {mode && <Board sheet={sheet} onMenu={onMenu} />}
      {mode && <Snap onTurn={(by) => turn((old) => old + by)} />}
      {mode && !ar && ground && <Ease held={comfort} ground={ground} origin={rig} onStop={move} onLift={lift} />}
      <Count scene={scene} />
      <Detail level={detail} onLevel={onDetail} changed={scene.revision} />
    </>
  );
}

type Panel = "people" | "past" | "follow" | "comfort" | "put";

const GRAPHICS = findGraphics(), GL = GRAPHICS !== "none";
const PICTURE = location.hash === "#picture"; // a picture has all its detail, however long it takes
const PLAIN = GRAPHICS === "software" && !PICTURE;

export function World() {
  const t = useWords();
  const { scene: now, linked } = useLive();
  const [past, setPast] = useState<Scene | null>(null);
  const shown_ = past ?? now;
  const { brought, broken } = useImportedModels(now?.models ?? []);
  window.mesocosm.brought = [...brought.keys()];
  const [chosen, set] = useState<string | null>(null);
  const [hovered, hover] = useState<string | null>(null);
  const [look, setLook] = useState<string | null>(null);
  const [shelves, put] = useState<Record<string, Stall[]>>({}); // what a visitor's own shelf shows, on this page only
  const onShelf = useCallback((id: string, goods: Stall[] | null) => put(({ [id]: _, ...rest }) => (goods ? { ...rest, [id]: goods } : rest)), []);
  const scene = useMemo(() => shown_ && (Object.keys(shelves).length ? { ...shown_, elements: shown_.elements.map((e) => (shelves[e.id] ? { ...e, stalls: shelves[e.id]! } : e)) } : shown_), [shown_, shelves]);
  const [asList, setList] = useState(!GL || innerWidth < 620);
  const [doors, setDoors] = useState({ vr: false, ar: false });
  const [comfort, ease] = useComfort();
  const [detail, setDetail] = useState(PLAIN ? LEVELS : 0);
  const [lost, setLost] = useState(false);
  const [, again] = useState(0);
  const [open, show] = useState<"" | Panel>("");
  const [path, light] = useState<string[]>([]);
  const toggle = (what: Panel) => show((old) => (old === what ? "" : what));
  const visitors = useMemo(() => new Visitors(() => again((n) => n + 1)), []);
  const [name, callMe] = useState(() => { try { return localStorage.getItem("mesocosm-name") ?? ""; } catch { return ""; } });
  useEffect(() => {
    visitors.open(name);
    window.mesocosm.people = () => [...visitors.people.values()].filter((p) => p.id !== visitors.me && p.samples.length).map((p) => ({ id: p.id, name: p.name, place: p.samples.at(-1)!.place.toArray() }));
    return () => visitors.close();
  }, [visitors, name]);
  const [markers, share] = useState<Markers | null>(null);
  const [carried, carry] = useState<string | null>(null);
  useEffect(() => {
    let one: Markers | null = null, over = false;
    void import("../state/markers").then((m) => { if (over) return; one = new m.Markers(() => again((n) => n + 1)); one.open(); window.mesocosm.markers = () => one!.all; share(one); });
    return () => { over = true; one?.close(); };
  }, []);
  const take = (said: string) => { try { localStorage.setItem("mesocosm-name", said); } catch { /* a private window */ } callMe(said); };
  const still = useMemo(() => matchMedia("(prefers-reduced-motion: reduce)").matches, []);
  const by = useRef(new Map<string, Element>());
  if (scene) by.current = new Map(scene.elements.map((e) => [e.id, e]));
  const [aim, setAim] = useState<Aim | null>(null);
  const choose = useCallback((id: string | null) => {
    set(id);
    carry(null);
    const e = id ? by.current.get(id) : null;
    if (e) setAim({ at: new THREE.Vector3(e.x + 9, e.altitude + 9, e.z + 21), look: new THREE.Vector3(e.x, e.altitude + 4, e.z) });
  }, []);
  const loaded = Boolean(now);
  useEffect(() => { const asked = decodeURIComponent(location.hash.slice(1)); if (loaded && by.current.has(asked)) choose(asked); }, [loaded, choose]);
  useEffect(() => {
    const xr = navigator.xr;
    if (!xr) return;
    for (const [key, mode] of [["vr", "immersive-vr"], ["ar", "immersive-ar"]] as const) xr.isSessionSupported(mode).then((yes) => setDoors((old) => ({ ...old, [key]: yes })), () => undefined);
  }, []);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "") || e.ctrlKey || e.metaKey || e.altKey) return;
      if (e.key === "l") setList((v) => !v);
      if (e.key === "f") toggle("follow");
      if (e.key === "t") toggle("past");
      if (e.key === "m") toggle("put");
      if (e.key === "Escape") { set(null); carry(null); show(""); light([]); }
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);
  const room = useBarHeight();
  const asked = useRef(0); // an answer that comes after a later question is not shown
  const back = useCallback((at: number | null) => {
    const mine = ++asked.current;
    if (at === null) setPast(null);
    else void call<Scene>(`/v1/scene?at=${at}`).then((then) => { if (mine === asked.current) setPast(then); }, () => undefined);
  }, []);
  useEffect(() => { if (open !== "past") back(null); if (open !== "follow") light([]); }, [open, back]);
  window.mesocosm.path = path;
  const lit = useMemo(() => path.map((id) => by.current.get(id)).filter((e): e is Element => Boolean(e)), [path]);
  const [mode, setMode] = useState<string | null>(null);
  const [sent, send] = useState<THREE.Vector3 | null>(null);
  const { sheet, menu } = useBoardPanel({
    on: mode !== null, walks: mode === "immersive-vr", scene, e: chosen ? by.current.get(chosen) : undefined, mark: past ? undefined : markers?.all.find((m) => m.id === chosen), markers: past ? null : markers, past, path: lit, choose, light, back,
    go: (one) => send(new THREE.Vector3(one.x + 4, 0, one.z + 13)), follow: (on) => show(on ? "follow" : ""), leave: () => void store.getState().session?.end(),
    lamp: () => setLook((old) => { const all = Object.keys(PALETTES), now = old ?? named(scene?.style ?? "", scene?.light ?? ""); return all[(all.indexOf(now) + 1) % all.length]!; }),
  });
  if (!scene) return <main className="wait"><p>{t("Waiting for the ecosystem…")}</p></main>;
  const light_ = look ?? named(scene.style, scene.light);
  const e = chosen ? by.current.get(chosen) : undefined, under = hovered && hovered !== chosen ? by.current.get(hovered) : undefined;
  const stand = past ? null : markers, mark = stand?.all.find((m) => m.id === chosen), beneath = hovered !== chosen ? stand?.all.find((m) => m.id === hovered) : undefined;
  const { each } = swarm(scene);
  const bare = scene.elements.length === 0;
  return (
    <main ref={room} className={`world ${location.hash === "#picture" ? "bare" : ""} ${asList ? "listed" : ""} ${PALETTES[light_]!.night ? "dark" : ""}`}>
      {GL && (
        <div className="view" role="img" aria-label={t("{}: {} things; {} alerts open. Press L for the same as a list.", scene.ecosystem, scene.elements.length, scene.alerts.length)}>
          <Canvas shadows camera={{ fov: 55, near: 0.1, far: 2600 }} dpr={SHARP[detail]!} gl={{ antialias: !PLAIN, toneMappingExposure: 1.15 }}
            onCreated={({ gl }) => {
              gl.domElement.addEventListener("webglcontextlost", () => { setLost(true); setList(true); });
              gl.domElement.addEventListener("webglcontextrestored", () => setLost(false));
            }}>
            <XR store={store}><Stage scene={scene} brought={brought} look={light_} chosen={chosen} still={still} onChoose={choose} onHover={hover} aim={aim} visitors={visitors} markers={stand} carried={carried} aiming={open === "put"} path={lit} detail={detail} onDetail={setDetail} comfort={comfort} sheet={sheet} sent={sent} onMenu={menu} onMode={setMode} /></XR>
          </Canvas>
        </div>
      )}
      <header className="bar">
        <h1>{scene.ecosystem}</h1>
        <span className={linked && !past ? "live" : "live off"}>{past ? t("as it was, {}", new Date(past.at * 1000).toLocaleString()) : linked ? t("live") : t("link lost, showing the last state")} · {t("revision {}", scene.revision)}{scene.season && ` · ${t(scene.season)}`}</span>
        <label>{t("Light")} <select value={light_} onChange={(ev) => setLook(ev.target.value)}>{Object.keys(PALETTES).map((k) => <option key={k} value={k}>{t(k)}</option>)}</select></label>
        {GL && <button onClick={() => setList((v) => !v)} aria-pressed={asList}>{t("List")}</button>}
        <button onClick={() => toggle("follow")} aria-pressed={open === "follow"}>{t("Follow a request")}</button>
        <button onClick={() => toggle("past")} aria-pressed={open === "past"}>{t("Time")}</button>
        {doors.vr && <button onClick={() => void store.enterVR()}>{t("Enter VR")}</button>}
        {doors.vr && <button onClick={() => toggle("comfort")} aria-pressed={open === "comfort"}>{t("Comfort")}</button>}
        {doors.ar && <button onClick={() => void store.enterAR()}>{t("On the table (AR)")}</button>}
        <button onClick={() => { set(null); toggle("put"); }} aria-pressed={open === "put"}>{t("Put down")}</button>
        <button onClick={() => toggle("people")} aria-pressed={open === "people"}>{t("{} here", Math.max(1, visitors.people.size + (visitors.people.has(visitors.me) ? 0 : 1)))}</button>
        <Sound scene={scene} />
        <LanguageSwitch />
        <a href="/">{t("Console")}</a>
      </header>
      {lost && <div className="alerts" role="status"><p>{t("The picture was lost (the graphics card has other work) and comes back by itself; the list shows the same.")}</p></div>}
      {!GL && <div className="alerts calm" role="status"><p>{t("This browser draws no 3D (no WebGL); the list shows the same.")}</p></div>}
      {detail > 1 && !asList && <p className="lean" role="status">{t("This machine draws slowly; the valley is shown with less detail.")}</p>}
      {broken.length > 0 && <div className="alerts calm" role="status"><p>{t("The glTF file for {} cannot be read or drawn; its own shape stands there.", broken.join(", "))}</p></div>}
      {bare && <div className="alerts calm" role="status"><p>{t("Nothing grows here yet: the file names no source, no model and no place.")}</p></div>}
      {!lost && scene.alerts.length > 0 && <div className="alerts" role="status">{scene.alerts.slice(0, 2).map((a) => <p key={String(a.id)}>⚠ {told(a)}</p>)}</div>}
      <div className="foot" />
      {stand?.fault && <div className="alerts" role="alert"><p>{t("That was not taken: {}", stand.fault)}</p></div>}
      {asList && <List scene={scene} markers={stand?.all ?? []} chosen={chosen} onChoose={choose} />}
      {open === "put" && !e && !mark && stand && <PutDown markers={stand} elements={scene.elements} drawn={GL && !asList} name={visitors.name || "visitor"} onChoose={choose} onClose={() => show("")} />}
      {mark && stand && open !== "follow" && <MarkerCard one={mark} markers={stand} elements={scene.elements} drawn={GL && !asList} carried={carried === mark.id} onCarry={(yes) => carry(yes ? mark.id : null)} onClose={() => choose(null)} />}
      {open === "people" && !e && <PeoplePanel key={visitors.name} visitors={visitors} onName={take} onClose={() => show("")} />}
      {open === "comfort" && !e && <ComfortPanel held={comfort} onChange={ease} onClose={() => show("")} />}
      {open === "follow" && <Follow scene={scene} onPath={light} onStep={choose} onClose={() => show("")} />}
      {open === "past" && <Past shown={past?.at ?? null} onTime={back} onClose={() => show("")} />}
      {e && open !== "follow" && <Card e={e} name={visitors.name} things={by.current} onPath={light} onShelf={onShelf} onClose={() => set(null)} />}
      {under && !asList && <p className="label" role="status"><b>{under.name}</b> {sentence(under, t)}</p>}
      {beneath && !under && !asList && <p className="label" role="status"><b>{t("{} by {}", t(beneath.form), beneath.who)}</b> {beneath.words}</p>}
      {!asList && !e && !mark && !under && !beneath && !open && <p className="hint">{t("Drag to look, W A S D to walk, click a thing for its card, L for the list")}{each > 1 && ` · ${t("a firefly is {} requests", Math.round(each))}`}</p>}
    </main>
  );
}

/** An alert in a line: the verdict of a drift where there is one, else its message. */
function told(alert: Record<string, unknown>): string {
  const verdict = alert.verdict as { kind: string; remedy: string } | null | undefined;
  return verdict ? `${alert.service}: ${verdict.kind} drift; remedy: ${verdict.remedy}` : String(alert.message);
}
