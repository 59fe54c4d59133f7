// One paint for all water: streams, lakes and the mere. It reflects the sky at a flat look, glitters towards the sun, and runs along uv.y.
import * as THREE from "three";
import type { Palette } from "./palette";

export interface Water {
  paint: THREE.ShaderMaterial;
  stream: THREE.ShaderMaterial;
  time: { value: number };
}

const VERTEX = `
      varying vec3 w; varying vec2 v; varying vec3 tint;
      #include <fog_pars_vertex>
      void main() {
        vec4 at = vec4(position, 1.0); tint = vec3(1.0); v = uv;
        #ifdef USE_INSTANCING
          at = instanceMatrix * at;
        #endif
        #ifdef USE_INSTANCING_COLOR
          tint = instanceColor;
        #endif
        vec4 world = modelMatrix * at; w = world.xyz;
        vec4 mvPosition = viewMatrix * world; gl_Position = projectionMatrix * mvPosition;
        #include <fog_vertex>
      }`;
const FRAGMENT = `
      varying vec3 w; varying vec2 v; varying vec3 tint;
      uniform vec3 shallow, deep, low, top, sun, glow; uniform float time, power;
      #include <fog_pars_fragment>
      float h(vec2 p) { return fract(sin(dot(p, vec2(127.1, 311.7))) * 43758.5453); }
      float n(vec2 p) { vec2 i = floor(p), f = fract(p); f = f * f * (3.0 - 2.0 * f); return mix(mix(h(i), h(i + vec2(1, 0)), f.x), mix(h(i + vec2(0, 1)), h(i + vec2(1, 1)), f.x), f.y); }
      void main() {
        #ifdef STREAM
          vec2 q = vec2(v.x * 3.0, v.y * 2.2 - time * 1.3);
        #else
          vec2 q = w.xz * 0.55 + vec2(time * 0.22, time * 0.13);
        #endif
        float a = n(q), b = n(q * 2.3 + 7.0), e = 0.35;
        vec3 normal = normalize(vec3((n(q + vec2(e, 0.0)) - a) * 0.42 + (n(q * 2.3 + vec2(7.0 + e, 7.0)) - b) * 0.2, 1.0, (n(q + vec2(0.0, e)) - a) * 0.42));
        vec3 eye = normalize(cameraPosition - w);
        float flat_ = 1.0 - max(0.0, dot(normal, eye)), f = 0.06 + 0.84 * flat_ * flat_ * flat_;
        vec3 r = reflect(-eye, normal);
        vec3 sky = mix(low, top, smoothstep(0.0, 0.55, r.y));
        vec3 body = mix(deep, shallow, 0.45 + 0.3 * a) * tint;
        #ifdef STREAM
          f *= 0.22; body = mix(deep, shallow, 0.5 + 0.35 * a);
        #endif
        vec3 c = mix(body, sky, f * 0.8) + glow * power * (pow(max(0.0, dot(r, sun)), 160.0) * 1.6 + pow(max(0.0, dot(r, sun)), 12.0) * 0.10);
        float alpha = 0.93;
        #ifdef STREAM
          float bank = abs(v.x - 0.5) * 2.0, foam = smoothstep(0.66, 0.98, n(vec2(v.x * 7.0, v.y * 3.0 - time * 1.9)));
          c += vec3(foam * 0.22 * power); alpha *= 1.0 - smoothstep(0.82, 1.0, bank);
        #endif
        gl_FragColor = vec4(c, alpha);
        #include <tonemapping_fragment>
        #include <colorspace_fragment>
        #include <fog_fragment>
      }`;

function paintOf(p: Palette, time: { value: number }, stream: boolean): THREE.ShaderMaterial {
  const paint = new THREE.ShaderMaterial({
    fog: true,
    transparent: true,
    side: THREE.DoubleSide,
    uniforms: THREE.UniformsUtils.merge([
      THREE.UniformsLib.fog,
      {
        shallow: { value: new THREE.Color(p.water) },
        deep: { value: new THREE.Color(p.deep) },
        low: { value: new THREE.Color(p.skyLow) },
        top: { value: new THREE.Color(p.skyTop) },
        sun: { value: new THREE.Vector3(...p.sunAt).normalize() },
        glow: { value: new THREE.Color(p.sun) },
        power: { value: p.night ? 0.5 : 1.0 },
      },
    ]),
    defines: stream ? { STREAM: 1 } : {},
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
  });
  paint.uniforms.time = time; // one clock for all
  return paint;
}

export function waterOf(p: Palette): Water {
  const time = { value: 0 };
  return { paint: paintOf(p, time, false), stream: paintOf(p, time, true), time };
}
