// The valley: land, water, forest, sky and light, and the requests that fly through it.
import { useFrame } from "@react-three/fiber";
import { TeleportTarget } from "@react-three/xr";
import { useEffect, useMemo, useRef } from "react";
import * as THREE from "three";
import type { Palette } from "../scene/palette";
import { course, forest, landMesh, landOf, ribbon, type Land } from "../scene/terrain";
import type { Element, Scene } from "../state/wire";
import { Thing } from "./Things";

function Sky({ p }: { p: Palette }) {
  const paint = useMemo(() => new THREE.ShaderMaterial({
    side: THREE.BackSide, depthWrite: false, fog: false,
    uniforms: { top: { value: new THREE.Color(p.skyTop) }, low: { value: new THREE.Color(p.skyLow) }, sun: { value: new THREE.Vector3(...p.sunAt).normalize() }, glow: { value: new THREE.Color(p.sun) }, night: { value: p.night ? 1 : 0 } },
    vertexShader: "varying vec3 d; void main() { d = normalize(position); gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
    fragmentShader: `varying vec3 d; uniform vec3 top, low, sun, glow; uniform float night;
      float h(vec3 p) { return fract(sin(dot(floor(p * 190.0), vec3(12.9, 78.2, 37.7))) * 43758.5); }
      void main() { vec3 n = normalize(d); vec3 c = mix(low, top, smoothstep(-0.02, 0.55, n.y));
        float s = max(0.0, dot(n, sun)); c += glow * (pow(s, 420.0) * 2.2 + pow(s, 14.0) * 0.28);
        c += night * step(0.9965, h(n)) * smoothstep(0.1, 0.5, n.y) * 0.8; gl_FragColor = vec4(c, 1.0);
        #include <colorspace_fragment>
      }`,
  }), [p]);
  return <mesh material={paint} scale={420} frustumCulled={false}><sphereGeometry args={[1, 32, 20]} /></mesh>;
}

function Pines({ land, elements, courses, seed, p }: { land: Land; elements: Element[]; courses: THREE.Vector3[][]; seed: number; p: Palette }) {
  const crowns = useRef<THREE.InstancedMesh>(null), stems = useRef<THREE.InstancedMesh>(null);
  const stands = useMemo(() => forest(land, elements, courses, seed), [land, elements, courses, seed]);
  const shape = useMemo(() => {
    const cones = [[1.5, 2.6, 2.0], [1.15, 2.2, 3.4], [0.75, 1.8, 4.7]].map(([r, h, y]) => new THREE.ConeGeometry(r, h, 7).translate(0, y!, 0));
    const at: number[] = [], up: number[] = [];
    for (const c of cones) { const flat = c.toNonIndexed(); at.push(...flat.attributes.position!.array); up.push(...flat.attributes.normal!.array); }
    const whole = new THREE.BufferGeometry();
    whole.setAttribute("position", new THREE.Float32BufferAttribute(at, 3));
    whole.setAttribute("normal", new THREE.Float32BufferAttribute(up, 3));
    return whole;
  }, []);
  useEffect(() => {
    const put = new THREE.Object3D(), tint = new THREE.Color();
    stands.forEach((s, i) => {
      put.position.set(s.x, s.y - 0.2, s.z); put.rotation.y = s.turn; put.scale.setScalar(s.size); put.updateMatrix();
      crowns.current?.setMatrixAt(i, put.matrix); stems.current?.setMatrixAt(i, put.matrix);
      crowns.current?.setColorAt(i, tint.set(p.pine).offsetHSL(0, 0, (s.size - 1) * 0.06));
    });
    for (const m of [crowns.current, stems.current]) if (m) { m.instanceMatrix.needsUpdate = true; if (m.instanceColor) m.instanceColor.needsUpdate = true; }
  }, [stands, p]);
  return (
    <group>
      <instancedMesh ref={crowns} args={[shape, undefined, stands.length]} castShadow frustumCulled={false}><meshStandardMaterial roughness={1} flatShading /></instancedMesh>
      <instancedMesh ref={stems} args={[undefined, undefined, stands.length]} frustumCulled={false}><cylinderGeometry args={[0.18, 0.26, 1.6, 6]} /><meshStandardMaterial color="#5d4330" roughness={1} /></instancedMesh>
    </group>
  );
}

function Streams({ shapes, p, still }: { shapes: THREE.BufferGeometry[]; p: Palette; still: boolean }) {
  const flow = useMemo(() => {
    const canvas = document.createElement("canvas");
    canvas.width = 64; canvas.height = 128;
    const pen = canvas.getContext("2d")!;
    pen.fillStyle = "#ffffff"; pen.fillRect(0, 0, 64, 128);
    for (let i = 0; i < 60; i++) { pen.fillStyle = `rgba(${i % 2 ? "120,170,210" : "255,255,255"},0.35)`; pen.fillRect((i * 37) % 60, (i * 53) % 120, 3, 9 + (i % 5) * 4); }
    const image = new THREE.CanvasTexture(canvas);
    image.wrapS = image.wrapT = THREE.RepeatWrapping;
    return image;
  }, []);
  useFrame((_, step) => { if (!still) flow.offset.y -= step * 0.35; });
  return <group>{shapes.map((s, i) => (<mesh key={i} geometry={s} receiveShadow><meshStandardMaterial map={flow} color={p.water} roughness={0.15} metalness={0.2} emissive={p.water} emissiveIntensity={0.18} /></mesh>))}</group>;
}

// A request flies from its model to its lamp; each is one kept event of the last seconds.
function Fireflies({ scene, still }: { scene: Scene; still: boolean }) {
  const swarm = useRef<THREE.InstancedMesh>(null);
  const put = useMemo(() => new THREE.Object3D(), []);
  const where = useMemo(() => new Map(scene.elements.map((e) => [e.id, e])), [scene.elements]);
  const flies = scene.fireflies.slice(-60);
  useFrame(({ clock }) => {
    const mesh = swarm.current;
    if (!mesh) return;
    flies.forEach((f, i) => {
      const lamp = where.get(`services.${f.service}`);
      const tree = lamp && where.get(lamp.needs.find((n) => n.startsWith("models.")) ?? "");
      if (!lamp) return;
      const from = tree ?? lamp;
      const t = still ? 0.5 : (clock.elapsedTime * 0.35 + i * 0.137) % 1;
      put.position.set(from.x + (lamp.x - from.x) * t + Math.sin(i + t * 6) * 1.4, from.altitude + 4 + (lamp.altitude - from.altitude + 6) * t + Math.sin(t * 9 + i) * 0.8, from.z + (lamp.z - from.z) * t);
      put.updateMatrix();
      mesh.setMatrixAt(i, put.matrix);
    });
    mesh.count = flies.length;
    mesh.instanceMatrix.needsUpdate = true;
  });
  return <instancedMesh ref={swarm} args={[undefined, undefined, 60]} frustumCulled={false}><sphereGeometry args={[0.26, 10, 8]} /><meshBasicMaterial color="#fff3a0" toneMapped={false} /></instancedMesh>;
}

export function Valley({ scene, p, chosen, still, ar, onChoose, onLand, onTeleport }: {
  scene: Scene; p: Palette; chosen: string | null; still: boolean; ar: boolean; onChoose: (id: string | null) => void; onLand: (land: Land) => void; onTeleport: (at: THREE.Vector3) => void;
}) {
  const key = scene.elements.map((e) => `${e.id}${e.x}${e.z}${e.needs.join()}`).join("|") + scene.seed;
  const fixed = useMemo(() => {
    const land = landOf(scene.elements, scene.seed);
    const by = new Map(scene.elements.map((e) => [e.id, e]));
    const courses = scene.elements.flatMap((e) => e.needs.filter((n) => by.has(n) && !e.id.startsWith("monitors")).map((n) => course(by.get(n)!, e, land, scene.seed)));
    return { land, courses, elements: scene.elements, streams: courses.map((c) => ribbon(c, land, 0.85)) };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  const ground = useMemo(() => landMesh(fixed.land, p, scene.seed), [fixed, p, scene.seed]);
  useEffect(() => onLand(fixed.land), [fixed, onLand]);
  return (
    <group>
      {!ar && <Sky p={p} />}
      <hemisphereLight args={[p.ambient, p.grass, p.ambientPower]} />
      <directionalLight position={p.sunAt} intensity={p.sunPower} color={p.sun} castShadow shadow-mapSize={[2048, 2048]} shadow-bias={-0.0006} shadow-normalBias={0.6}>
        <orthographicCamera attach="shadow-camera" args={[-95, 95, 95, -95, 1, 260]} />
      </directionalLight>
      <TeleportTarget onTeleport={onTeleport}>
        <mesh geometry={ground} receiveShadow onClick={() => onChoose(null)}><meshStandardMaterial vertexColors roughness={1} /></mesh>
      </TeleportTarget>
      <Streams shapes={fixed.streams} p={p} still={still} />
      <Pines land={fixed.land} elements={fixed.elements} courses={fixed.courses} seed={scene.seed} p={p} />
      {scene.elements.map((e) => (<Thing key={e.id} e={e} p={p} chosen={chosen === e.id} still={still} onChoose={onChoose} />))}
      <Fireflies scene={scene} still={still} />
    </group>
  );
}
