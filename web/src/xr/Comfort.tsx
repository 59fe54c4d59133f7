// Comfort in a headset: teleport and turns by steps are there anyway; walking with the stick is by choice, and then the edge of sight darkens while one moves. Who sits is lifted to a standing eye.
import { useFrame } from "@react-three/fiber";
import { useXR, useXRInputSourceState } from "@react-three/xr";
import { useMemo, useRef, useState, type RefObject } from "react";
import * as THREE from "three";
import type { Ground } from "../scene/terrain";
import { useWords } from "../i18n/words";

export interface Comfort { seated: boolean; height: number; walk: boolean; vignette: boolean }
const KEY = "mesocosm-comfort", EASY: Comfort = { seated: false, height: 0, walk: false, vignette: true };
const EYE = 1.6, PACE = 2.2, DEAD = 0.25; // metres of a standing eye, metres a second, and how far a stick is let lie

export function useComfort(): [Comfort, (change: Partial<Comfort>) => void] {
  const [held, set] = useState<Comfort>(() => { try { return { ...EASY, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Comfort>) }; } catch { return EASY; } });
  return [held, (change) => set((old) => { const now = { ...old, ...change }; try { localStorage.setItem(KEY, JSON.stringify(now)); } catch { /* a private window */ } return now; })];
}

export function ComfortPanel({ held, onChange, onClose }: { held: Comfort; onChange: (change: Partial<Comfort>) => void; onClose: () => void }) {
  const t = useWords();
  const tick = (key: "seated" | "walk" | "vignette", name: string) => <label key={key}><input type="checkbox" checked={held[key]} onChange={(e) => onChange({ [key]: e.target.checked })} /> {t(name)}</label>;
  return (
    <aside className="card comfort" aria-label={t("Comfort in the headset")}>
      <header><div><h2>{t("Comfort in the headset")}</h2></div><button className="x" onClick={onClose} aria-label={t("Close")}>×</button></header>
      <p><small>{t("Point and press to move there at once; a stick aside turns by 30 degrees. Nothing moves unless you do.")}</small></p>
      {tick("seated", "I sit: lift me to a standing eye")}
      {tick("walk", "walk smoothly with the left stick")}
      {tick("vignette", "darken the edge of sight while walking")}
      <label>{t("height")} <output>{held.height > 0 ? "+" : ""}{Math.round(held.height * 100)} cm</output><input type="range" min={-0.5} max={0.8} step={0.05} value={held.height} onChange={(e) => onChange({ height: Number(e.target.value) })} /></label>
    </aside>
  );
}

/** Lifts who sits, and walks who wants to. The origin moves while the stick is held, and is told when it stops. */
export function Ease({ held, ground, origin, onStop, onLift }: { held: Comfort; ground: Ground; origin: RefObject<THREE.Group | null>; onStop: (at: THREE.Vector3) => void; onLift: (by: number) => void }) {
  const left = useXRInputSourceState("controller", "left");
  const edge = useRef<THREE.Mesh>(null), strong = useRef(0), moving = useRef(false), lifted = useRef(false);
  const ahead = useMemo(() => new THREE.Vector3(), []), aside = useMemo(() => new THREE.Vector3(), []);
  const paint = useMemo(() => new THREE.ShaderMaterial({
    transparent: true, depthTest: false, depthWrite: false, side: THREE.BackSide, uniforms: { strong: { value: 0 } },
    vertexShader: "varying vec3 d; void main() { d = normalize(position); gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
    fragmentShader: "varying vec3 d; uniform float strong; void main() { gl_FragColor = vec4(0.02, 0.03, 0.04, strong * smoothstep(0.5, 0.78, acos(clamp(-normalize(d).z, -1.0, 1.0)))); }",
  }), []);
  const space = useXR((s) => s.originReferenceSpace);
  useFrame(({ camera, gl }, raw, frame?: XRFrame) => {
    const o = origin.current, step = Math.min(raw, 0.1);
    if (!o || !gl.xr.isPresenting) return;
    if (!lifted.current && frame && space) { const eye = frame.getViewerPose(space)?.transform.position.y ?? 0; if (eye > 0.2) { lifted.current = true; onLift(held.seated ? Math.max(0, EYE - eye) : 0); } }
    const stick = left?.gamepad["xr-standard-thumbstick"], y = stick?.yAxis ?? 0, go = held.walk && Math.abs(y) > DEAD;
    if (go) {
      camera.getWorldDirection(ahead).setY(0).normalize();
      aside.copy(o.position).addScaledVector(ahead, -y * PACE * step);
      const low = o.position.y - Math.max(ground.land(o.position.x, o.position.z), ground.mere.y + 0.3); // how much one is lifted
      o.position.set(aside.x, Math.max(ground.land(aside.x, aside.z), ground.mere.y + 0.3) + low, aside.z);
      window.mesocosm.origin = o.position.toArray();
    } else if (moving.current) onStop(o.position.clone());
    moving.current = go;
    strong.current += ((go && held.vignette ? 1 : 0) - strong.current) * Math.min(1, step * 9);
    window.mesocosm.vignette = strong.current;
    const m = edge.current;
    if (!m) return;
    m.visible = strong.current > 0.02;
    paint.uniforms.strong!.value = strong.current * 0.96;
    camera.getWorldPosition(m.position); camera.getWorldQuaternion(m.quaternion);
  });
  return <mesh ref={edge} material={paint} visible={false} renderOrder={1000} frustumCulled={false}><sphereGeometry args={[1.2, 24, 16]} /></mesh>;
}
