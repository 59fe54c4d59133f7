// Signs: the names of what a place shows and the words on markers, painted side by side into one picture and hung up in one call; they turn to who looks.
import { useEffect, useMemo } from "react";
import * as THREE from "three";
import { stands } from "../elements/stalls";
import type { Element } from "../state/wire";

const WIDE = 256, TALL = 44, MOST = 96; // of a sign in pixels, and signs that are hung up at most
const VERTEX = `attribute vec2 corner; varying vec2 at; varying float far; void main() { at = uv; vec4 v = modelViewMatrix * vec4(position, 1.0); far = -v.z;
  float size = length(modelMatrix[0].xyz); v.xyz *= 1.0 - min(0.5, 1.3 * size / length(v.xyz)); v.xy += corner * size; gl_Position = projectionMatrix * v; }`;
const FRAGMENT = `uniform sampler2D words; varying vec2 at; varying float far; void main() { vec4 c = texture2D(words, at); c.a *= 1.0 - smoothstep(70.0, 110.0, far); if (c.a < 0.03) discard; gl_FragColor = c;
  #include <colorspace_fragment>
}`;

export interface Sign { at: number[]; text: string; wide: number; loud: boolean }

/** The names of what places show. */
export function Signs({ elements, name }: { elements: Element[]; name: (s: string) => string }) {
  const hung = useMemo(() => elements.filter((e) => e.stalls.length).flatMap((e) => stands(e).map((s) => ({ at: [e.x + s.sign[0], e.altitude + s.sign[1], e.z + s.sign[2]], text: name(s.stall.name), wide: e.form === "shop" ? 1.65 : 2.5, loud: s.stall.state === "alarm" }))).slice(0, MOST), [elements, name]);
  return <Hung hung={hung} />;
}

/** Signs that hang in the air, all in one call. */
export function Hung({ hung: all }: { hung: Sign[] }) {
  const hung = all.slice(0, MOST);
  const key = hung.map((h) => `${h.text}${h.loud}${h.at.map((v) => v.toFixed(1)).join()}`).join("|");
  const made = useMemo(() => {
    const canvas = document.createElement("canvas"), rows = Math.max(1, hung.length);
    canvas.width = WIDE; canvas.height = TALL * rows;
    const pen = canvas.getContext("2d")!, shape = new THREE.BufferGeometry(), at: number[] = [], corner: number[] = [], uv: number[] = [], order: number[] = [];
    pen.textAlign = "center"; pen.textBaseline = "middle";
    hung.forEach((h, i) => {
      pen.fillStyle = h.loud ? "#8f2a22" : "#2b3038"; pen.globalAlpha = 0.86;
      let size = 31;
      const text = h.text.length > 40 ? `${h.text.slice(0, 39)}…` : h.text;
      do pen.font = `600 ${size}px system-ui, sans-serif`; while (pen.measureText(text).width > WIDE - 30 && --size > 12);
      const broad = Math.min(WIDE - 4, pen.measureText(text).width + 26);
      pen.beginPath(); pen.roundRect((WIDE - broad) / 2, i * TALL + 2, broad, TALL - 4, 12); pen.fill(); pen.globalAlpha = 1;
      pen.fillStyle = "#fff8e6"; pen.fillText(text, WIDE / 2, i * TALL + TALL / 2 + 1, WIDE - 20);
      const w = h.wide / 2, t = (w * TALL) / WIDE, top = 1 - i / rows, low = 1 - (i + 1) / rows;
      for (const [x, y, u, v] of [[-w, -t, 0, low], [w, -t, 1, low], [w, t, 1, top], [-w, t, 0, top]] as const) { at.push(...h.at); corner.push(x, y); uv.push(u, v); }
      order.push(...[0, 1, 2, 0, 2, 3].map((k) => i * 4 + k));
    });
    shape.setAttribute("position", new THREE.Float32BufferAttribute(at, 3)); shape.setAttribute("corner", new THREE.Float32BufferAttribute(corner, 2)); shape.setAttribute("uv", new THREE.Float32BufferAttribute(uv, 2)); shape.setIndex(order);
    const words = new THREE.CanvasTexture(canvas);
    words.colorSpace = THREE.SRGBColorSpace; words.anisotropy = 4;
    return { shape, words, paint: new THREE.ShaderMaterial({ transparent: true, depthWrite: false, uniforms: { words: { value: words } }, vertexShader: VERTEX, fragmentShader: FRAGMENT }) };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  useEffect(() => () => { made.shape.dispose(); made.words.dispose(); made.paint.dispose(); }, [made]);
  return hung.length ? <mesh geometry={made.shape} material={made.paint} frustumCulled={false} renderOrder={5} /> : null;
}
