// Requests of the last seconds as fireflies along their lineage: spring, lake, tree, lamp. One cloud of points, moved by the shader alone.
import { useMemo } from "react";
import * as THREE from "three";
import { useByKey } from "../shared/useByKey";
import type { Element, Scene } from "../state/wire";
import { LIFT, MOST_FIREFLIES, swarm, wayOf } from "./requestPaths";

const STOPS = ["position", "b", "c", "d"]; // the shader's names for the four stops of a way
const VERTEX = `attribute vec3 b, c, d; attribute float phase; uniform float time; varying float lit;
  void main() {
    float t = fract(phase + time * 0.09) * 3.0, f = fract(t), s = f * f * (3.0 - 2.0 * f);
    vec3 p = t < 1.0 ? mix(position, b, s) : t < 2.0 ? mix(b, c, s) : mix(c, d, s);
    float k = phase * 97.0; p += vec3(sin(time * 1.3 + k), sin(time * 1.7 + k * 1.3) * 0.7, cos(time * 1.1 + k * 0.7)) * (0.5 + fract(k) * 0.9);
    p.y += sin(f * 3.14159) * 1.8; lit = 0.55 + 0.45 * sin(time * 3.0 + k);
    vec4 v = modelViewMatrix * vec4(p, 1.0); gl_Position = projectionMatrix * v; gl_PointSize = clamp(230.0 / -v.z, 2.0, 16.0);
  }`;
const FRAGMENT = `uniform vec3 warm; varying float lit; void main() { float r = length(gl_PointCoord - 0.5) * 2.0; if (r > 1.0) discard;
  gl_FragColor = vec4(warm * (0.6 + lit * 0.6), pow(1.0 - r, 1.6));
  #include <colorspace_fragment>
}`;

/** The last four stops of a way; a shorter way waits at its first one. */
const stopsOf = (way: Element[]): Element[] =>
  STOPS.map((_, i) => way[Math.max(0, way.length - STOPS.length + i)]);

interface Swarm {
  elements: Element[];
  many: Map<string, number>;
}

function cloudOf({ elements, many }: Swarm): THREE.BufferGeometry {
  const by = new Map(elements.map((e) => [e.id, e]));
  const total = [...many.values()].reduce((sum, n) => sum + n, 0);
  const data = STOPS.map(() => new Float32Array(total * 3));
  const phase = new Float32Array(total);
  let k = 0;
  for (const [id, n] of many) {
    const way = wayOf(id, by);
    if (!way.length) continue;
    const stops = stopsOf(way);
    for (let i = 0; i < n && k < total; i++, k++) {
      stops.forEach((e, j) => data[j].set([e.x, e.altitude + LIFT[e.kind], e.z], k * 3));
      phase[k] = (i * 0.61803) % 1;
    }
  }
  const cloud = new THREE.BufferGeometry();
  STOPS.forEach((name, j) => cloud.setAttribute(name, new THREE.BufferAttribute(data[j], 3)));
  cloud.setAttribute("phase", new THREE.BufferAttribute(phase, 1));
  cloud.setDrawRange(0, k);
  return cloud;
}

function paintOf(time: { value: number }, night: boolean): THREE.ShaderMaterial {
  return new THREE.ShaderMaterial({
    transparent: true,
    depthWrite: false,
    blending: THREE.AdditiveBlending,
    uniforms: { time, warm: { value: new THREE.Color(night ? "#ffe98a" : "#fff2a8") } },
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
  });
}

export function Fireflies({
  scene,
  time,
  night,
}: {
  scene: Scene;
  time: { value: number };
  night: boolean;
}) {
  const { many } = swarm(scene);
  const counts = [...many].map(([id, n]) => `${id}${String(Math.min(n, MOST_FIREFLIES))}`).join();
  const flying = useByKey({ elements: scene.elements, many }, `${counts}${String(scene.seed)}`);
  const cloud = useMemo(() => cloudOf(flying), [flying]);
  const paint = useMemo(() => paintOf(time, night), [time, night]);
  return <points geometry={cloud} material={paint} frustumCulled={false} />;
}
