// Weather over a place is an alert of its kind: wind for inputs that moved, cloud for labels, rain for errors, lightning for a page. It clears when the
// alert clears. What is not known lies in fog.
import { useFrame } from "@react-three/fiber";
import { useLayoutEffect, useMemo, useRef } from "react";
import * as THREE from "three";
import type { Palette } from "../scene/palette";
import { stands } from "../elements/stalls";
import { ball, solid } from "../scene/shapes";
import type { Element } from "../state/wire";

const put = new THREE.Object3D();
const QUARTER = () => 0.34; // a storm over one district is as wide as its stall
const over = (e: Element, kind: string) => e.weather.some((w) => w === kind);

function Set({ shape, paint, things, at, size }: { shape: THREE.BufferGeometry; paint: THREE.Material; things: Element[]; at: number; size?: (e: Element) => number }) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  const room = Math.max(4, 2 ** Math.ceil(Math.log2(things.length || 1)));
  useLayoutEffect(() => {
    things.forEach((e, i) => { put.position.set(e.x, e.altitude + at, e.z); put.rotation.set(0, e.x, 0); put.scale.setScalar(size?.(e) ?? 1); put.updateMatrix(); mesh.current?.setMatrixAt(i, put.matrix); });
    if (mesh.current) { mesh.current.count = things.length; mesh.current.instanceMatrix.needsUpdate = true; }
  }, [things, at, size, room]);
  return <instancedMesh ref={mesh} args={[shape, paint, room]} visible={things.length > 0} frustumCulled={false} />;
}

// Drops and streaks are one cloud of points a kind, moved by the shader.
function Fall({ things, wind, colour, time }: { things: Element[]; wind: boolean; colour: string; time: { value: number } }) {
  const shape = useMemo(() => {
    const many = 260, at = new Float32Array(things.length * many * 3), from = new Float32Array(things.length * many * 3);
    things.forEach((e, k) => { for (let i = 0; i < many; i++) { const j = (k * many + i) * 3; at.set([e.x, e.altitude, e.z], j); from.set([Math.sin(i * 91.7) * 6, (i % 40) * 0.43, Math.cos(i * 57.3) * 6], j); } });
    const made = new THREE.BufferGeometry();
    made.setAttribute("position", new THREE.BufferAttribute(at, 3));
    made.setAttribute("from", new THREE.BufferAttribute(from, 3));
    return made;
  }, [things]);
  const paint = useMemo(() => {
    const m = new THREE.ShaderMaterial({
      transparent: true, depthWrite: false, uniforms: { colour: { value: new THREE.Color(colour) } }, defines: wind ? { WIND: 1 } : {},
      vertexShader: `attribute vec3 from; uniform float time; void main() { vec3 p = from;
        #ifdef WIND
          p.x = mod(p.x + 6.0 + time * (7.0 + fract(from.y) * 5.0), 16.0) - 8.0; p.y = 1.0 + p.y * 0.5 + sin(time * 2.0 + from.z) * 0.4;
        #else
          p.y = mod(p.y - time * 13.0, 17.0);
        #endif
        vec4 v = modelViewMatrix * vec4(position + p, 1.0); gl_Position = projectionMatrix * v; gl_PointSize = clamp(110.0 / -v.z, 1.5, 7.0); }`,
      fragmentShader: `uniform vec3 colour; void main() { vec2 c = gl_PointCoord - 0.5; 
        #ifdef WIND
          if (abs(c.y) > 0.12) discard;
        #else
          if (abs(c.x) > 0.14) discard;
        #endif
        gl_FragColor = vec4(colour, 0.75);
        #include <colorspace_fragment>
      }`,
    });
    m.uniforms.time = time;
    return m;
  }, [colour, wind, time]);
  return things.length ? <points geometry={shape} material={paint} frustumCulled={false} /> : null;
}

export function Weather({ elements, p, still, time }: { elements: Element[]; p: Palette; still: boolean; time: { value: number } }) {
  const cloud = useMemo(() => solid(Array.from({ length: 11 }, (_, i) => ({ shape: ball(1, 1), colour: "#ffffff", at: [Math.cos(i * 2.4) * (1.4 + i * 0.36), Math.sin(i * 1.7) * 0.55, Math.sin(i * 2.4) * (1.0 + i * 0.22)], size: [2.3 - i * 0.08, 1.25 - i * 0.04, 1.8 - i * 0.06] }))), []);
  const dark = useMemo(() => new THREE.MeshStandardMaterial({ color: p.night ? "#4a5470" : "#8f97a8", roughness: 1, transparent: true, opacity: 0.94 }), [p]);
  const fog = useMemo(() => new THREE.MeshBasicMaterial({ color: p.night ? "#75809a" : "#c3c9d1", transparent: true, opacity: 0.17, depthWrite: false }), [p]);
  const puff = useMemo(() => solid(Array.from({ length: 6 }, (_, i) => ({ shape: ball(1, 1), colour: "#ffffff", at: [Math.cos(i * 1.05) * 2.2, 1.2 + (i % 3) * 1.1, Math.sin(i * 1.05) * 2.2], size: [3.4, 2.2, 3.2] }))), []);
  const bolt = useMemo(() => solid([[0, 12.5, 0, 0.35], [1.1, 9, 0.2, -0.5], [0.2, 5.5, 0, 0.4], [0.9, 2, 0, -0.25]].map(([x, y, z, t]) => ({ shape: new THREE.CylinderGeometry(0.1, 0.16, 4.2, 5), colour: "#ffffff", at: [x!, y!, z!], turn: [0, 0, t!] }))), []);
  const flash = useMemo(() => new THREE.MeshBasicMaterial({ color: "#fff6c8", toneMapped: false, transparent: true }), []);
  const small = useMemo(() => elements.flatMap((e) => (e.stalls.some((s) => s.state === "alarm") ? stands(e).filter((s) => s.stall.state === "alarm").map((s) => ({ ...e, x: e.x + s.at[0], altitude: e.altitude + s.at[1], z: e.z + s.at[2] })) : [])), [elements]);
  const sets = useMemo(() => ({
    clouds: elements.filter((e) => ["cloud", "rain", "lightning"].some((k) => over(e, k))), rain: elements.filter((e) => over(e, "rain")), wind: elements.filter((e) => over(e, "wind")),
    bolts: elements.filter((e) => over(e, "lightning")), unknown: elements.filter((e) => e.state === "unknown"),
  }), [elements]);
  useFrame(() => { flash.opacity = still ? 0.9 : 0.35 + 0.6 * Math.max(0, Math.sin(time.value * 2.4)) ** 8; }); // slower than three a second
  return (
    <group>
      <Set shape={cloud} paint={dark} things={sets.clouds} at={17} />
      <Set shape={bolt} paint={flash} things={sets.bolts} at={1} />
      <Set shape={cloud} paint={dark} things={small} at={8} size={QUARTER} />
      <Set shape={bolt} paint={flash} things={small} at={3.4} size={QUARTER} />
      <Set shape={puff} paint={fog} things={sets.unknown} at={0} />
      <Fall things={sets.rain} wind={false} colour="#bcd4ef" time={time} />
      <Fall things={sets.wind} wind colour={p.night ? "#b9c6e0" : "#ffffff"} time={time} />
    </group>
  );
}
