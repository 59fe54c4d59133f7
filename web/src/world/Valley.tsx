// The valley: land, water, forest, sky and light, and the requests that fly through it.
import { useFrame } from "@react-three/fiber";
import { TeleportTarget } from "@react-three/xr";
import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import * as THREE from "three";
import type { Palette } from "../scene/palette";
import { landCast } from "../scene/ray";
import { ball, blade, disc, matte, solid, stone } from "../scene/shapes";
import { forest, groundOf, hash, landMesh, ridges, rivers, thinned, type Ground, type Stand } from "../scene/terrain";
import { waterOf } from "../scene/water";
import { useWords } from "../i18n/words";
import type { Scene } from "../state/wire";
import type { ImportedModels } from "./ImportedModel";
import { Fireflies } from "./Fireflies";
import { Signs } from "./Signs";
import { Things } from "./Things";
import { Weather } from "./Weather";

function Sky({ p, reach }: { p: Palette; reach: number }) {
  const paint = useMemo(() => new THREE.ShaderMaterial({
    side: THREE.BackSide, depthWrite: false, fog: false,
    uniforms: { top: { value: new THREE.Color(p.skyTop) }, low: { value: new THREE.Color(p.skyLow) }, sun: { value: new THREE.Vector3(...p.sunAt).normalize() }, glow: { value: new THREE.Color(p.sun) }, cloud: { value: new THREE.Color(p.cloud) }, night: { value: p.night ? 1 : 0 } },
    vertexShader: "varying vec3 d; void main() { d = normalize(position); gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
    fragmentShader: `varying vec3 d; uniform vec3 top, low, sun, glow, cloud; uniform float night;
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
      }`,
  }), [p]);
  return <mesh material={paint} scale={reach} frustumCulled={false}><sphereGeometry args={[1, 32, 20]} /></mesh>;
}

function Stands({ stands, shape, paint, colour, shadow }: { stands: Stand[]; shape: THREE.BufferGeometry; paint: THREE.Material; colour?: (s: Stand, c: THREE.Color) => void; shadow?: boolean }) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  useLayoutEffect(() => {
    const put = new THREE.Object3D(), tint = new THREE.Color();
    stands.forEach((s, i) => {
      put.position.set(s.x, s.y, s.z); put.rotation.y = s.turn; put.scale.setScalar(s.size); put.updateMatrix();
      mesh.current?.setMatrixAt(i, put.matrix);
      if (colour) { colour(s, tint); mesh.current?.setColorAt(i, tint); }
    });
    if (mesh.current) { mesh.current.instanceMatrix.needsUpdate = true; if (mesh.current.instanceColor) mesh.current.instanceColor.needsUpdate = true; }
  }, [stands, colour]);
  return stands.length ? <instancedMesh ref={mesh} args={[shape, paint, stands.length]} castShadow={shadow ?? false} receiveShadow frustumCulled={false} /> : null;
}

// What only makes the valley pleasant, and says nothing: firs, stones, tufts and flowers.
function Growth({ ground, scene, p, lean }: { ground: Ground; scene: Scene; p: Palette; lean: boolean }) {
  const { firs, stones, tufts, flowers } = useMemo(() => {
    const seed = scene.seed, { land, wide, head, foot, mere } = ground;
    // nothing stands where a visitor in a headset begins
    const some = (many: number, salt: number, keep: (x: number, y: number, z: number) => boolean, size: (i: number) => number): Stand[] => {
      const found: Stand[] = [];
      for (let i = 0; found.length < many && i < many * 4; i++) {
        const x = (hash(i, salt, seed) - 0.5) * (2 * wide + 30), z = head - 20 + hash(i, salt + 1, seed) * (foot - head + 110), y = land(x, z);
        if (keep(x, y, z) && Math.hypot(x, z - foot - 22) > 4) found.push({ x, y, z, size: size(i), turn: hash(i, salt + 2, seed) * 6.28 });
      }
      return found;
    };
    const dry = (y: number, z: number) => y > mere.y + 0.35 || z < foot + 10;
    return {
      firs: forest(ground, scene.elements, seed, Math.round((p.landscape?.woods ?? 1) * Math.min(1000, 700 + scene.elements.length * 6))),
      stones: some(110, 21, (x, y, z) => ridges(x, z, seed + 31) > 0.62 && dry(y, z), (i) => 0.25 + hash(i, 24, seed) * 0.7),
      tufts: some(1500, 11, (x, y, z) => ridges(x, z, seed + 8) < 0.56 && dry(y, z), (i) => 0.6 + hash(i, 14, seed) * 0.7),
      flowers: some(900, 16, (x, y, z) => ridges(x, z, seed + 12) > 0.56 && ridges(x, z, seed + 8) < 0.5 && dry(y, z), (i) => 0.6 + hash(i, 19, seed) * 0.6),
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [ground, scene.seed, p.landscape?.woods]);
  const made = useMemo(() => ({
    round: solid([{ shape: ball(1.5), colour: "#ffffff", at: [0, 3.1, 0], size: [1, 0.9, 1] }, { shape: ball(1.05), colour: "#dfe9d2", at: [0.9, 2.5, 0.4] }, { shape: ball(0.95), colour: "#d2dfc4", at: [-0.8, 2.6, -0.3] }, { shape: new THREE.CylinderGeometry(0.16, 0.26, 2, 5, 1, true), colour: "#a0714e", at: [0, 0.9, 0] }]),
    cypress: solid([{ shape: new THREE.ConeGeometry(0.62, 5.2, 7, 1, true), colour: "#ffffff", at: [0, 3.2, 0] }, { shape: new THREE.ConeGeometry(0.7, 1.2, 7, 1, true), colour: "#dbe6cf", at: [0, 1.1, 0], turn: [Math.PI, 0, 0] }, { shape: new THREE.CylinderGeometry(0.12, 0.18, 0.9, 5, 1, true), colour: "#9a7350", at: [0, 0.35, 0] }]),
    fir: solid([...[[1.55, 2.7, 2.1], [1.2, 2.3, 3.5], [0.78, 1.9, 4.8]].map(([r, h, y], i) => ({ shape: new THREE.ConeGeometry(r!, h!, 6, 1, true), colour: ["#c9d6c9", "#e6efe2", "#ffffff"][i]!, at: [0, y!, 0] as [number, number, number], turn: [0, i, 0] as [number, number, number] })), { shape: new THREE.CylinderGeometry(0.17, 0.28, 1.4, 5, 1, true), colour: "#b0714a", at: [0, 0.5, 0] }]),
    stone: stone(1), tuft: solid([0, 1.1, 2.2, 3.6].map((a, i) => ({ shape: blade(0.05, 0.62 + (i % 2) * 0.2), colour: i % 2 ? "#ffffff" : "#dfe8c8", at: [Math.cos(a) * 0.16, 0.28, Math.sin(a) * 0.16], turn: [Math.sin(a) * 0.35, 0, -Math.cos(a) * 0.35] }))),
    flower: solid([0, 2.1, 4.2].flatMap((a) => [{ shape: blade(0.03, 0.44), colour: "#7d9a4a", at: [Math.cos(a) * 0.3, 0.2, Math.sin(a) * 0.3] as [number, number, number] }, { shape: new THREE.OctahedronGeometry(0.12), colour: "#ffffff", at: [Math.cos(a) * 0.3, 0.44, Math.sin(a) * 0.3] as [number, number, number] }])),
  }), []);
  const paints = useMemo(() => ({ fir: matte(), stone: new THREE.MeshStandardMaterial({ color: p.rock, roughness: 1, flatShading: true }), tuft: matte({ color: p.meadow }), flower: matte() }), [p]);
  const colours = useMemo(() => {
    const pine = new THREE.Color(p.pine), bloom = [p.flower, "#ffffff", p.night ? "#7f88b8" : "#ffd24d"].map((c) => new THREE.Color(c));
    return { fir: (s: Stand, c: THREE.Color) => { c.copy(pine).offsetHSL((s.turn - 3) * 0.006, 0, (s.size - 1) * 0.07); }, flower: (s: Stand, c: THREE.Color) => { c.copy(bloom[Math.floor(s.turn) % 3]!); } };
  }, [p]);
  return (
    <group>
      <Stands stands={firs} shape={made[p.landscape?.crown ?? "fir"]} paint={paints.fir} colour={colours.fir} shadow={scene.elements.length < 120} />
      <Stands stands={stones} shape={made.stone} paint={paints.stone} />
      {!lean && <Stands stands={tufts} shape={made.tuft} paint={paints.tuft} />}
      {!lean && <Stands stands={flowers} shape={made.flower} paint={paints.flower} colour={colours.flower} />}
    </group>
  );
}

function grain(): THREE.CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 128;
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#f2f2f2"; pen.fillRect(0, 0, 128, 128);
  for (let i = 0; i < 2600; i++) { const v = 205 + Math.floor(hash(i, 3, 1) * 50); pen.fillStyle = `rgba(${v},${v},${v - 12},0.5)`; pen.fillRect(hash(i, 1, 1) * 128, hash(i, 2, 1) * 128, 1 + (i % 3), 1 + (i % 4)); }
  const image = new THREE.CanvasTexture(canvas);
  image.wrapS = image.wrapT = THREE.RepeatWrapping;
  image.anisotropy = 4;
  return image;
}

export function Valley({ scene, brought, p, chosen, still, ar, lean, onChoose, onHover, onGround, onTeleport }: {
  scene: Scene; brought: ImportedModels; p: Palette; chosen: string | null; still: boolean; ar: boolean; lean: number;
  onChoose: (id: string | null) => void; onHover: (id: string | null) => void; onGround: (ground: Ground) => void; onTeleport: (at: THREE.Vector3) => void;
}) {
  const key = scene.elements.map((e) => `${e.id}${e.x}${e.z}${e.needs.join()}`).join("|") + scene.seed;
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const ground = useMemo(() => { const began = performance.now(), made = groundOf(scene.elements, scene.seed, p.landscape?.rise); window.mesocosm.laid = performance.now() - began; return made; }, [key, p.landscape?.rise]);
  const land = useMemo(() => landMesh(ground, p, scene.seed), [ground, p, scene.seed]);
  useLayoutEffect(() => thinned(land, ground.cells, lean > 1), [land, ground, lean]);
  const cast = useMemo(() => landCast(ground), [ground]);
  const flow = useMemo(() => rivers(ground.courses.values()), [ground]);
  const water = useMemo(() => waterOf(p), [p]);
  const t = useWords();
  const fine = scene.elements.length < 120;
  const look = useMemo(() => ({ p, water, fine }), [p, water, fine]);
  const skin = useMemo(() => { const image = grain(); image.repeat.setScalar(ground.size / 9); return new THREE.MeshStandardMaterial({ vertexColors: true, roughness: 1, map: image }); }, [ground]);
  const sun = useRef<THREE.DirectionalLight>(null);
  useEffect(() => onGround(ground), [ground, onGround]);
  useEffect(() => () => { land.dispose(); }, [land]);
  useFrame(({ camera }, step) => {
    if (!still) water.time.value += Math.min(step, 0.1);
    const light = sun.current;
    if (!light || ar) return;
    const big = ground.size > 420, x = big ? Math.round(camera.position.x / 25) * 25 : 0, z = big ? Math.round((camera.position.z - 40) / 25) * 25 : 0;
    if (light.target.position.x !== x || light.target.position.z !== z) { light.target.position.set(x, 0, z); light.position.set(p.sunAt[0] + x, p.sunAt[1], p.sunAt[2] + z); light.target.updateMatrixWorld(); }
  });
  return (
    <group>
      {!ar && <Sky p={p} reach={Math.max(420, ground.size * 0.8)} />}
      <hemisphereLight args={[p.ambient, p.grass, p.ambientPower]} />
      <directionalLight ref={sun} position={p.sunAt} intensity={p.sunPower} color={p.sun} castShadow={lean < 3} shadow-mapSize={[2048, 2048]} shadow-bias={-0.0006} shadow-normalBias={0.6}>
        <orthographicCamera attach="shadow-camera" args={[-110, 110, 110, -110, 1, 320]} />
      </directionalLight>
      <TeleportTarget onTeleport={onTeleport}>
        <mesh geometry={land} material={skin} raycast={cast} receiveShadow onClick={() => onChoose(null)} />
      </TeleportTarget>
      <mesh geometry={flow} material={water.stream} position-y={lean > 1 ? 0.4 : 0} />
      <mesh geometry={MERE} material={water.paint} position={[ground.mere.x, ground.mere.y, ground.mere.z]} scale={ar ? [Math.min(ground.mere.r * 1.6, ground.size / 2 - Math.abs(ground.mere.x)), 1, Math.min(ground.mere.r * 1.35, ground.size / 2 - Math.abs(ground.mere.z))] : [ground.mere.r * 1.6, 1, ground.mere.r * 1.35]} />
      <Growth ground={ground} scene={scene} p={p} lean={lean > 0} />
      <Things elements={scene.elements} brought={brought} look={look} ground={ground} chosen={chosen} still={still} onChoose={onChoose} onHover={onHover} />
      <Weather elements={scene.elements} p={p} still={still} time={water.time} />
      <Signs elements={scene.elements} name={t} />
      <Fireflies scene={scene} time={water.time} night={p.night} />
    </group>
  );
}
const MERE = disc(1, 64);
