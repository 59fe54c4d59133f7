// Drops and streaks are one cloud of points a kind, moved by the shader.
import { useMemo } from "react";
import * as THREE from "three";
import type { Element } from "../state/wire";

const MANY = 260; // drops over a thing
const VERTEX = `attribute vec3 from; uniform float time; void main() { vec3 p = from;
  #ifdef WIND
    p.x = mod(p.x + 6.0 + time * (7.0 + fract(from.y) * 5.0), 16.0) - 8.0; p.y = 1.0 + p.y * 0.5 + sin(time * 2.0 + from.z) * 0.4;
  #else
    p.y = mod(p.y - time * 13.0, 17.0);
  #endif
  vec4 v = modelViewMatrix * vec4(position + p, 1.0); gl_Position = projectionMatrix * v; gl_PointSize = clamp(110.0 / -v.z, 1.5, 7.0); }`;
const FRAGMENT = `uniform vec3 colour; void main() { vec2 c = gl_PointCoord - 0.5;
  #ifdef WIND
    if (abs(c.y) > 0.12) discard;
  #else
    if (abs(c.x) > 0.14) discard;
  #endif
  gl_FragColor = vec4(colour, 0.75);
  #include <colorspace_fragment>
}`;

type Spot = Pick<Element, "x" | "altitude" | "z">;

function dropsOf(spots: Spot[]): THREE.BufferGeometry {
  const at = new Float32Array(spots.length * MANY * 3);
  const from = new Float32Array(spots.length * MANY * 3);
  spots.forEach((s, k) => {
    for (let i = 0; i < MANY; i++) {
      const j = (k * MANY + i) * 3;
      at.set([s.x, s.altitude, s.z], j);
      from.set([Math.sin(i * 91.7) * 6, (i % 40) * 0.43, Math.cos(i * 57.3) * 6], j);
    }
  });
  const drops = new THREE.BufferGeometry();
  drops.setAttribute("position", new THREE.BufferAttribute(at, 3));
  drops.setAttribute("from", new THREE.BufferAttribute(from, 3));
  return drops;
}

export function Rainfall({
  spots,
  wind,
  colour,
  time,
}: {
  spots: Spot[];
  wind: boolean;
  colour: string;
  time: { value: number };
}) {
  const drops = useMemo(() => dropsOf(spots), [spots]);
  const paint = useMemo(
    () =>
      new THREE.ShaderMaterial({
        transparent: true,
        depthWrite: false,
        uniforms: { time, colour: { value: new THREE.Color(colour) } },
        defines: wind ? { WIND: 1 } : {},
        vertexShader: VERTEX,
        fragmentShader: FRAGMENT,
      }),
    [colour, wind, time],
  );
  if (spots.length === 0) return null;
  return <points geometry={drops} material={paint} frustumCulled={false} />;
}
