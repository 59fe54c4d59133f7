// Signs: the names of what a place shows and the words on markers, painted side by side into one picture and hung up in one call; they turn to who looks.
import { useEffect, useMemo } from "react";
import * as THREE from "three";
import { stands } from "../elements/stalls";
import { fonts, usePaintable } from "../fonts/chinese";
import { useLanguage } from "../i18n/LanguageSwitch";
import { nameOf } from "../i18n/names";
import type { Language } from "../i18n/words";
import { fillRound, newCanvas } from "../scene/canvas";
import { useReadyByKey } from "../shared/useByKey";
import type { Element } from "../state/wire";

export interface Sign {
  at: number[];
  text: string;
  wide: number;
  loud: boolean;
}

const WIDE = 256; // of a sign in pixels
const TALL = 44;
const MOST = 96; // signs that are hung up at most
const NONE: Sign[] = [];
const LONGEST = 40; // characters of a sign
const VERTEX = `attribute vec2 corner; varying vec2 at; varying float far; void main() { at = uv; vec4 v = modelViewMatrix * vec4(position, 1.0); far = -v.z;
  float size = length(modelMatrix[0].xyz); v.xyz *= 1.0 - min(0.5, 1.3 * size / length(v.xyz)); v.xy += corner * size; gl_Position = projectionMatrix * v; }`;
const FRAGMENT = `uniform sampler2D words; varying vec2 at; varying float far; void main() { vec4 c = texture2D(words, at); c.a *= 1.0 - smoothstep(70.0, 110.0, far); if (c.a < 0.03) discard; gl_FragColor = c;
  #include <colorspace_fragment>
}`;

/** The names of what places show. */
export function Signs({ elements }: { elements: Element[] }) {
  const language = useLanguage();
  const signs = useMemo(() => elements.flatMap((e) => signsOf(e, language)), [elements, language]);
  return <HungSigns signs={signs} />;
}

function signsOf(e: Element, language: Language): Sign[] {
  if (!e.stalls.length) return [];
  return stands(e).map(({ stall, sign }) => ({
    at: [e.x + sign[0], e.altitude + sign[1], e.z + sign[2]],
    text: language === "zh" ? nameOf("answers", stall.name) : stall.name,
    wide: e.form === "shop" ? 1.65 : 2.5,
    loud: stall.state === "alarm",
  }));
}

/** Paints a sign's words into its row, as large as they fit. */
function paintSign(pen: CanvasRenderingContext2D, sign: Sign, row: number): void {
  const cut = sign.text.length > LONGEST;
  const text = cut ? `${sign.text.slice(0, LONGEST - 1)}…` : sign.text;
  let size = 31;
  do pen.font = `600 ${String(size)}px ${fonts()}`;
  while (pen.measureText(text).width > WIDE - 30 && --size > 12);
  const broad = Math.min(WIDE - 4, pen.measureText(text).width + 26);
  pen.fillStyle = sign.loud ? "#8f2a22" : "#2b3038";
  pen.globalAlpha = 0.86;
  fillRound(pen, [(WIDE - broad) / 2, row * TALL + 2, broad, TALL - 4], 12);
  pen.globalAlpha = 1;
  pen.fillStyle = "#fff8e6";
  pen.fillText(text, WIDE / 2, row * TALL + TALL / 2 + 1, WIDE - 20);
}

function pictureOf(signs: Sign[]): THREE.CanvasTexture {
  const { canvas, pen } = newCanvas(WIDE, TALL * Math.max(1, signs.length));
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  signs.forEach((sign, row) => paintSign(pen, sign, row));
  const words = new THREE.CanvasTexture(canvas);
  words.colorSpace = THREE.SRGBColorSpace;
  words.anisotropy = 4;
  return words;
}

/** A rectangle for each sign, all at its middle; the shader moves the corners apart. */
function rectanglesOf(signs: Sign[]): THREE.BufferGeometry {
  const at: number[] = [];
  const corner: number[] = [];
  const uv: number[] = [];
  const order: number[] = [];
  signs.forEach((sign, i) => {
    const w = sign.wide / 2;
    const h = (w * TALL) / WIDE;
    const top = 1 - i / signs.length;
    const low = 1 - (i + 1) / signs.length;
    at.push(...sign.at, ...sign.at, ...sign.at, ...sign.at);
    corner.push(-w, -h, w, -h, w, h, -w, h);
    uv.push(0, low, 1, low, 1, top, 0, top);
    order.push(...[0, 1, 2, 0, 2, 3].map((k) => i * 4 + k));
  });
  const shape = new THREE.BufferGeometry();
  shape.setAttribute("position", new THREE.Float32BufferAttribute(at, 3));
  shape.setAttribute("corner", new THREE.Float32BufferAttribute(corner, 2));
  shape.setAttribute("uv", new THREE.Float32BufferAttribute(uv, 2));
  shape.setIndex(order);
  return shape;
}

function meshOf(signs: Sign[]) {
  const words = pictureOf(signs);
  const paint = new THREE.ShaderMaterial({
    transparent: true,
    depthWrite: false,
    uniforms: { words: { value: words } },
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
  });
  return { shape: rectanglesOf(signs), words, paint };
}

const keyOf = (sign: Sign): string =>
  `${sign.text}${String(sign.loud)}${sign.at.map((v) => v.toFixed(1)).join()}`;

/** Signs that hang in the air, all in one call. */
export function HungSigns({ signs: all }: { signs: Sign[] }) {
  const some = all.slice(0, MOST);
  const paintable = usePaintable(some.map((sign) => sign.text).join(""));
  const signs = useReadyByKey(some, some.map(keyOf).join("|"), paintable, NONE);
  const { shape, words, paint } = useMemo(() => meshOf(signs), [signs]);
  useEffect(
    () => () => {
      shape.dispose();
      words.dispose();
      paint.dispose();
    },
    [shape, words, paint],
  );
  if (signs.length === 0) return null;
  return <mesh geometry={shape} material={paint} frustumCulled={false} renderOrder={5} />;
}
