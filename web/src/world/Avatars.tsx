// People in the valley: bodies and heads drawn together, names over the nearest; and the panel where they talk.
import { useFrame, useThree } from "@react-three/fiber";
import { useXR } from "@react-three/xr";
import { useEffect, useMemo, useRef, useState, type FormEvent } from "react";
import * as THREE from "three";
import { Visitors } from "../state/visitors";
import { useWords } from "../i18n/words";

const MOST = 500, NAMED = 12, CLOSE = 0.8; // metres nearer than which somebody would fill one's sight; who comes begins where others began

function label(name: string): THREE.CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = 256; canvas.height = 64;
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#10161dcc"; pen.beginPath(); pen.roundRect(0, 8, 256, 48, 20); pen.fill();
  pen.fillStyle = "#ffffff"; pen.font = "600 27px Inter, sans-serif"; pen.textAlign = "center"; pen.textBaseline = "middle";
  pen.fillText(name, 128, 33, 236);
  return new THREE.CanvasTexture(canvas);
}

export function Avatars({ visitors, ar }: { visitors: Visitors; ar: boolean }) {
  const bodies = useRef<THREE.InstancedMesh>(null), heads = useRef<THREE.InstancedMesh>(null), hands = useRef<THREE.InstancedMesh>(null), visors = useRef<THREE.InstancedMesh>(null), names = useRef<THREE.Group>(null);
  const { gl } = useThree();
  const origin = useXR((s) => s.originReferenceSpace);
  const put = useMemo(() => new THREE.Object3D(), []);
  const tint = useMemo(() => new THREE.Color(), []);
  const signs = useMemo(() => new Map<string, THREE.CanvasTexture>(), []);
  const visor = useMemo(() => new THREE.BoxGeometry(0.24, 0.1, 0.06).translate(0, 0.03, -0.15), []);
  useEffect(() => () => signs.forEach((s) => s.dispose()), [signs]);
  useFrame(({ camera }, _, frame?: XRFrame) => {
    const now = performance.now();
    const place = camera.getWorldPosition(new THREE.Vector3()), turn = camera.getWorldQuaternion(new THREE.Quaternion());
    const mine: { place: THREE.Vector3; turn: THREE.Quaternion }[] = [];
    if (frame && gl.xr.isPresenting && origin) for (const i of [0, 1]) {
      const grip = gl.xr.getControllerGrip(i);
      if (grip.visible) mine.push({ place: grip.getWorldPosition(new THREE.Vector3()), turn: grip.getWorldQuaternion(new THREE.Quaternion()) });
    }
    if (!ar) visitors.pose(place, turn, mine, now);
    const [b, h, f, v] = [bodies.current, heads.current, hands.current, visors.current];
    if (!b || !h || !f || !v) return;
    let n = 0, k = 0;
    const near: { name: string; at: THREE.Vector3; far: number }[] = [];
    for (const one of visitors.people.values()) {
      const at = one.id === visitors.me || n >= MOST ? null : Visitors.where(one, now);
      if (!at || at.place.distanceTo(place) < CLOSE) continue;
      put.position.copy(at.place); put.quaternion.copy(at.turn); put.scale.setScalar(1); put.updateMatrix(); h.setMatrixAt(n, put.matrix); v.setMatrixAt(n, put.matrix);
      put.quaternion.identity(); put.position.y -= 0.78; put.updateMatrix(); b.setMatrixAt(n, put.matrix);
      tint.setHSL((one.id * 0.382) % 1, 0.55, 0.5); b.setColorAt(n, tint); h.setColorAt(n, tint);
      for (const hand of one.hands) { put.position.copy(hand.place); put.quaternion.copy(hand.turn); put.updateMatrix(); if (k < MOST) f.setMatrixAt(k++, put.matrix); }
      near.push({ name: one.name, at: at.place, far: at.place.distanceTo(place) });
      n++;
    }
    for (const [m, many] of [[b, n], [h, n], [v, n], [f, k]] as const) { m.count = many; m.instanceMatrix.needsUpdate = true; if (m.instanceColor) m.instanceColor.needsUpdate = true; }
    near.sort((x, y) => x.far - y.far);
    names.current?.children.forEach((c, i) => {
      const one = near[i], sprite = c as THREE.Sprite;
      sprite.visible = Boolean(one && one.far < 60);
      if (!one) return;
      let sign = signs.get(one.name);
      if (!sign) { sign = label(one.name); signs.set(one.name, sign); }
      if (sprite.material.map !== sign) { sprite.material.map = sign; sprite.material.needsUpdate = true; }
      sprite.position.copy(one.at); sprite.position.y += 0.62;
    });
  });
  return (
    <group>
      <instancedMesh ref={bodies} args={[undefined, undefined, MOST]} frustumCulled={false}><capsuleGeometry args={[0.24, 0.72, 4, 10]} /><meshStandardMaterial roughness={0.8} /></instancedMesh>
      <instancedMesh ref={heads} args={[undefined, undefined, MOST]} frustumCulled={false}><boxGeometry args={[0.3, 0.34, 0.3]} /><meshStandardMaterial roughness={0.6} /></instancedMesh>
      <instancedMesh ref={visors} args={[visor, undefined, MOST]} frustumCulled={false}><meshStandardMaterial color="#1c2530" roughness={0.3} /></instancedMesh>
      <instancedMesh ref={hands} args={[undefined, undefined, MOST]} frustumCulled={false}><sphereGeometry args={[0.07, 10, 8]} /><meshStandardMaterial color="#f2d8c4" roughness={0.7} /></instancedMesh>
      <group ref={names}>{Array.from({ length: NAMED }, (_, i) => <sprite key={i} visible={false} scale={[1.5, 0.375, 1]}><spriteMaterial transparent depthWrite={false} /></sprite>)}</group>
    </group>
  );
}

/** Who is here and what they say. */
export function PeoplePanel({ visitors, onName, onClose }: { visitors: Visitors; onName: (name: string) => void; onClose: () => void }) {
  const t = useWords();
  const [text, type] = useState("");
  const [name, call] = useState(visitors.name);
  const say = (e: FormEvent) => { e.preventDefault(); if (text.trim()) visitors.say(text.trim()); type(""); };
  const others = [...visitors.people.values()].filter((p) => p.id !== visitors.me);
  return (
    <aside className="company" aria-label={t("People here")}>
      <header><h2>{t("People here")}</h2><button className="x" onClick={onClose} aria-label={t("Close the list of people")}>×</button></header>
      <form onSubmit={(e) => { e.preventDefault(); onName(name); }}><input aria-label={t("Your name")} value={name} maxLength={40} onChange={(e) => call(e.target.value)} /><button>{t("Take this name")}</button></form>
      <p>{others.length ? others.slice(0, 12).map((p) => p.name).join(", ") + (others.length > 12 ? ` ${t("and {} more", others.length - 12)}` : "") : t("Nobody else is here now.")}</p>
      <div className="said" aria-live="polite">{visitors.said.map((l, i) => <p key={i} className={l.who === visitors.me ? "you" : "them"}><b>{l.name}</b> {l.say}</p>)}</div>
      <form onSubmit={say}><input aria-label={t("Say something to those here")} value={text} maxLength={280} placeholder={t("Hello…")} onChange={(e) => type(e.target.value)} /><button>{t("Say")}</button></form>
    </aside>
  );
}
