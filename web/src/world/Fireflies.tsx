// Requests of the last seconds as fireflies along their lineage: spring, lake, tree, lamp. One cloud of points, moved by the shader alone.
import { useMemo } from "react";
import * as THREE from "three";
import type { Element, Scene } from "../state/wire";

export const MOST = 10_000;
const SECONDS = 5;

/** The way a request's answer came: from a spring down to the lamp. */
export function wayOf(id: string, by: Map<string, Element>): Element[] {
  const lamp = by.get(id);
  const way = lamp ? [lamp] : [];
  for (let e = lamp; e && way.length < 12; ) {
    const above = e.needs.map((n) => by.get(n)).filter((x): x is Element => Boolean(x));
    const kinds = ["tree", "lake", "spring"];
    e = above.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))[0];
    if (e) way.unshift(e);
  }
  return way;
}

/** How many fireflies each service has, and how many requests one stands for. */
export function swarm(scene: Scene): { many: Map<string, number>; each: number } {
  const many = new Map<string, number>();
  for (const f of scene.fireflies) many.set(`services.${f.service}`, (many.get(`services.${f.service}`) ?? 0) + 1);
  for (const e of scene.elements) if (e.kind === "lighthouse" && e.traffic > 0) many.set(e.id, Math.max(many.get(e.id) ?? 0, Math.round(e.traffic * SECONDS)));
  const all = [...many.values()].reduce((a, b) => a + b, 0), each = Math.max(1, all / MOST);
  if (each > 1) for (const [k, v] of many) many.set(k, Math.floor(v / each));
  return { many, each };
}

export const LIFT: Record<Element["kind"], number> = { spring: 3, lake: 1.2, tree: 7, lighthouse: 11.3, vane: 4, counter: 3 };

export function Fireflies({ scene, time, night }: { scene: Scene; time: { value: number }; night: boolean }) {
  const { many } = swarm(scene);
  const key = [...many].map(([k, n]) => `${k}${Math.min(n, MOST)}`).join() + scene.seed;
  const shape = useMemo(() => {
    const by = new Map(scene.elements.map((e) => [e.id, e]));
    const total = [...many.values()].reduce((a, b) => a + b, 0);
    const names = ["position", "b", "c", "d"], data = names.map(() => new Float32Array(total * 3)), phase = new Float32Array(total);
    let k = 0;
    for (const [id, n] of many) {
      const way = wayOf(id, by);
      if (!way.length) continue;
      const four = [0, 1, 2, 3].map((i) => way[Math.max(0, way.length - 4 + i)]!);
      for (let i = 0; i < n && k < total; i++, k++) {
        four.forEach((e, j) => data[j]!.set([e.x, e.altitude + LIFT[e.kind], e.z], k * 3));
        phase[k] = (i * 0.61803) % 1;
      }
    }
    const made = new THREE.BufferGeometry();
    names.forEach((name, j) => made.setAttribute(name, new THREE.BufferAttribute(data[j]!, 3)));
    made.setAttribute("phase", new THREE.BufferAttribute(phase, 1));
    made.setDrawRange(0, k);
    return made;
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  const paint = useMemo(() => {
    const m = new THREE.ShaderMaterial({
      transparent: true, depthWrite: false, blending: THREE.AdditiveBlending, uniforms: { warm: { value: new THREE.Color(night ? "#ffe98a" : "#fff2a8") } },
      vertexShader: `attribute vec3 b, c, d; attribute float phase; uniform float time; varying float lit;
        void main() {
          float t = fract(phase + time * 0.09) * 3.0, f = fract(t), s = f * f * (3.0 - 2.0 * f);
          vec3 p = t < 1.0 ? mix(position, b, s) : t < 2.0 ? mix(b, c, s) : mix(c, d, s);
          float k = phase * 97.0; p += vec3(sin(time * 1.3 + k), sin(time * 1.7 + k * 1.3) * 0.7, cos(time * 1.1 + k * 0.7)) * (0.5 + fract(k) * 0.9);
          p.y += sin(f * 3.14159) * 1.8; lit = 0.55 + 0.45 * sin(time * 3.0 + k);
          vec4 v = modelViewMatrix * vec4(p, 1.0); gl_Position = projectionMatrix * v; gl_PointSize = clamp(230.0 / -v.z, 2.0, 16.0);
        }`,
      fragmentShader: `uniform vec3 warm; varying float lit; void main() { float r = length(gl_PointCoord - 0.5) * 2.0; if (r > 1.0) discard;
        gl_FragColor = vec4(warm * (0.6 + lit * 0.6), pow(1.0 - r, 1.6));
        #include <colorspace_fragment>
      }`,
    });
    m.uniforms.time = time;
    return m;
  }, [time, night]);
  return <points geometry={shape} material={paint} frustumCulled={false} />;
}
