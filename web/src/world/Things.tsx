// The things of the world, drawn a part at a time for all of a kind; every size and colour is a fact of the catalog.
import { useFrame, type ThreeEvent } from "@react-three/fiber";
import { useLayoutEffect, useMemo, useRef } from "react";
import * as THREE from "three";
import { KINDS } from "../elements";
import type { Look, Part } from "../elements/kind";
import type { Ground } from "../scene/terrain";
import type { Element } from "../state/wire";
import { withImportedModel, type ImportedModels } from "./ImportedModel";

const put = new THREE.Object3D(), spun = new THREE.Matrix4(), WHITE = new THREE.Color("#ffffff"), tint = new THREE.Color();

function Many({ part, things, ground, still, shadow }: { shadow: boolean; part: Part; things: Element[]; ground: Ground; still: boolean }) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  const turning = useRef<{ base: THREE.Matrix4; speed: number; angle: number }[]>([]);
  const places = useMemo(() => things.flatMap((e) => part.put(e, ground).map((at) => ({ e, at }))), [part, things, ground]);
  const room = Math.max(4, 2 ** Math.ceil(Math.log2(places.length || 1))); // grows by doubling, so that a change makes no new mesh
  useLayoutEffect(() => {
    const m = mesh.current;
    if (!m) return;
    const old = turning.current;
    turning.current = [];
    places.forEach(({ e, at }, i) => {
      put.position.set(e.x + at.at[0], e.altitude + at.at[1], e.z + at.at[2]);
      put.rotation.set(0, at.turn ?? 0, 0);
      if (typeof at.size === "number") put.scale.setScalar(at.size); else put.scale.set(...(at.size ?? [1, 1, 1]));
      put.updateMatrix();
      m.setMatrixAt(i, put.matrix);
      m.setColorAt(i, at.colour === undefined ? WHITE : tint.set(at.colour));
      if (part.spin) turning.current.push({ base: put.matrix.clone(), speed: part.spin.speed(e), angle: old[i]?.angle ?? (e.x * 0.7) % 6.28 });
    });
    m.count = places.length;
    m.instanceMatrix.needsUpdate = true;
    if (m.instanceColor) m.instanceColor.needsUpdate = true;
  }, [places, part, room]);
  useFrame((_, step) => {
    const m = mesh.current;
    if (!m || still || !part.spin || !turning.current.length) return;
    const go = Math.min(step, 0.1);
    turning.current.forEach((t, i) => {
      if (!t.speed) return;
      t.angle += t.speed * go;
      spun.identity();
      if (part.spin!.axis === "y") spun.makeRotationY(t.angle); else spun.makeRotationX(t.angle);
      m.setMatrixAt(i, spun.premultiply(t.base));
    });
    m.instanceMatrix.needsUpdate = true;
  });
  return <instancedMesh ref={mesh} args={[part.shape, part.paint, room]} visible={places.length > 0} castShadow={shadow && (part.shadow ?? false)} receiveShadow frustumCulled={false} />;
}

function Picks({ elements, onChoose, onHover }: { elements: Element[]; onChoose: (id: string) => void; onHover: (id: string | null) => void }) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  const shape = useMemo(() => new THREE.CylinderGeometry(4.6, 4.6, 8, 8).translate(0, 4, 0), []);
  const paint = useMemo(() => new THREE.MeshBasicMaterial({ colorWrite: false, depthWrite: false, transparent: true, opacity: 0 }), []);
  const room = Math.max(4, 2 ** Math.ceil(Math.log2(elements.length || 1)));
  useLayoutEffect(() => {
    const m = mesh.current;
    if (!m) return;
    elements.forEach((e, i) => { m.setMatrixAt(i, spun.makeScale(1, e.kind === "lighthouse" ? 1.7 : e.kind === "lake" ? 0.25 : 1, 1).setPosition(e.x, e.altitude, e.z)); });
    m.count = elements.length;
    m.instanceMatrix.needsUpdate = true;
    m.computeBoundingSphere();
  }, [elements, room]);
  const of = (event: ThreeEvent<PointerEvent | MouseEvent>) => (event.instanceId === undefined ? null : elements[event.instanceId]?.id ?? null);
  return (
    <instancedMesh ref={mesh} args={[shape, paint, room]} frustumCulled={false} onClick={(event) => { const id = of(event); if (id) { event.stopPropagation(); onChoose(id); } }}
      onPointerMove={(event) => { event.stopPropagation(); onHover(of(event)); }} onPointerOut={() => onHover(null)} />
  );
}

export function Things({ elements, brought, look, ground, chosen, still, onChoose, onHover }: {
  elements: Element[]; brought: ImportedModels; look: Look; ground: Ground; chosen: string | null; still: boolean; onChoose: (id: string) => void; onHover: (id: string | null) => void;
}) {
  const own = useMemo(() => Object.entries(KINDS).map(([kind, make]) => [kind, make(look)] as const), [look]);
  const kinds = useMemo(() => own.map(([kind, parts]) => [kind, withImportedModel(parts, brought.get(kind))] as const), [own, brought]);
  useLayoutEffect(() => () => own.forEach(([, parts]) => parts.forEach((part) => { part.shape.dispose(); if (!(part.paint instanceof THREE.ShaderMaterial)) part.paint.dispose(); })), [own]);
  const by = useMemo(() => { const found: Partial<Record<Element["kind"], Element[]>> = {}; for (const e of elements) (found[e.kind] ??= []).push(e); return found; }, [elements]);
  const one = chosen ? elements.find((e) => e.id === chosen) : undefined;
  return (
    <group>
      {kinds.map(([kind, parts]) => { const mine = by[kind as Element["kind"]]; return mine && parts.map((part) => <Many key={`${kind}-${part.name}`} part={part} things={mine} ground={ground} still={still} shadow={look.fine} />); })}
      <Picks elements={elements} onChoose={onChoose} onHover={onHover} />
      {one && (
        <mesh position={[one.x, one.altitude + 0.35, one.z]} rotation={[-Math.PI / 2, 0, 0]}>
          <ringGeometry args={[one.kind === "lake" ? 11 : 6.4, one.kind === "lake" ? 11.5 : 6.9, 64]} />
          <meshBasicMaterial color="#ffffff" transparent opacity={0.85} side={THREE.DoubleSide} />
        </mesh>
      )}
    </group>
  );
}
