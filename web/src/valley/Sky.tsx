// The sky: from the horizon to above, clouds, the sun or the moon, and stars at night; all in one shader.
import { useMemo } from "react";
import * as THREE from "three";
import type { Palette } from "../scene/palette";

const VERTEX =
  "varying vec3 d; void main() { d = normalize(position); gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }";
const FRAGMENT = `varying vec3 d; uniform vec3 top, low, sun, glow, cloud; uniform float night;
  float h(vec2 p) { return fract(sin(dot(p, vec2(127.1, 311.7))) * 43758.5453); }
  float n(vec2 p) { vec2 i = floor(p), f = fract(p); f = f * f * (3.0 - 2.0 * f); return mix(mix(h(i), h(i + vec2(1, 0)), f.x), mix(h(i + vec2(0, 1)), h(i + vec2(1, 1)), f.x), f.y); }
  float star(vec3 p) { return fract(sin(dot(floor(p * 190.0), vec3(12.9, 78.2, 37.7))) * 43758.5); }
  void main() { vec3 v = normalize(d); vec3 c = mix(low, top, smoothstep(-0.02, 0.5, v.y));
    float s = max(0.0, dot(v, sun));
    if (v.y > 0.015) {
      vec2 q = v.xz / (v.y + 0.14) * 1.15; float k = n(q) * 0.55 + n(q * 2.1 + 3.0) * 0.28 + n(q * 4.6) * 0.17;
      float a = smoothstep(0.48, 0.86, k) * smoothstep(0.015, 0.2, v.y);
      c = mix(c, mix(cloud, glow, 0.25 * pow(s, 3.0)), a * (night > 0.5 ? 0.45 : 0.72));
    }
    c += glow * (smoothstep(0.9993, 0.9997, s) * (1.4 - night * 0.3) + pow(s, 220.0) * 0.7 + pow(s, 10.0) * 0.26 * (1.0 - night * 0.6));
    c += night * step(0.9968, star(v)) * smoothstep(0.08, 0.4, v.y) * 0.8; gl_FragColor = vec4(c, 1.0);
    #include <colorspace_fragment>
  }`;

const skyOf = (p: Palette): THREE.ShaderMaterial =>
  new THREE.ShaderMaterial({
    side: THREE.BackSide,
    depthWrite: false,
    fog: false,
    uniforms: {
      top: { value: new THREE.Color(p.skyTop) },
      low: { value: new THREE.Color(p.skyLow) },
      sun: { value: new THREE.Vector3(...p.sunAt).normalize() },
      glow: { value: new THREE.Color(p.sun) },
      cloud: { value: new THREE.Color(p.cloud) },
      night: { value: p.night ? 1 : 0 },
    },
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
  });

export function Sky({ p, reach }: { p: Palette; reach: number }) {
  const paint = useMemo(() => skyOf(p), [p]);
  return (
    <mesh material={paint} scale={reach} frustumCulled={false}>
      <sphereGeometry args={[1, 32, 20]} />
    </mesh>
  );
}
