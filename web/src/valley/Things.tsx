// The things of the world, drawn a part at a time for all of a kind; every size and colour is a fact of the catalog.
import { useFrame, type ThreeEvent } from "@react-three/fiber";
import { useLayoutEffect, useMemo, useRef, type RefObject } from "react";
import * as THREE from "three";
import { KINDS } from "../elements";
import type { Look, Part, Place } from "../elements/kind";
import type { Ground } from "../scene/terrain";
import type { Element } from "../state/wire";
import { withImportedModel, type ImportedModels } from "./ImportedModel";
import { roomFor, setCount, uprightMatrix } from "./instances";

const WHITE = new THREE.Color("#ffffff");

interface Put {
  e: Element;
  at: Place;
}
interface Turning {
  base: THREE.Matrix4;
  speed: number;
  angle: number;
}

function PartMeshes({
  part,
  things,
  ground,
  still,
  shadow,
}: {
  part: Part;
  things: Element[];
  ground: Ground;
  still: boolean;
  shadow: boolean;
}) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  const turning = useRef<Turning[]>([]);
  const places = useMemo(
    () => things.flatMap((e) => part.put(e, ground).map((at): Put => ({ e, at }))),
    [part, things, ground],
  );
  const room = roomFor(places.length);
  useLayoutEffect(() => {
    if (mesh.current) turning.current = putAll(mesh.current, part, places, turning.current);
  }, [places, part, room]);
  useTurning(mesh, turning, part, still);
  return (
    <instancedMesh
      ref={mesh}
      args={[part.shape, part.paint, room]}
      visible={places.length > 0}
      castShadow={shadow && (part.shadow ?? false)}
      receiveShadow
      frustumCulled={false}
    />
  );
}

/** Puts a part where it stands for each thing; gives what turns, at the angle that it had. */
function putAll(
  mesh: THREE.InstancedMesh,
  part: Part,
  places: Put[],
  before: Turning[],
): Turning[] {
  const tint = new THREE.Color();
  const turning: Turning[] = [];
  places.forEach(({ e, at }, i) => {
    const [x, y, z] = at.at;
    const matrix = uprightMatrix(e.x + x, e.altitude + y, e.z + z, at.turn ?? 0, at.size ?? 1);
    mesh.setMatrixAt(i, matrix);
    mesh.setColorAt(i, at.colour === undefined ? WHITE : tint.set(at.colour));
    if (!part.spin) return;
    const angle = before.at(i)?.angle ?? (e.x * 0.7) % 6.28;
    turning.push({ base: matrix.clone(), speed: part.spin.speed(e), angle });
  });
  setCount(mesh, places.length);
  return turning;
}

function useTurning(
  mesh: RefObject<THREE.InstancedMesh | null>,
  turning: RefObject<Turning[]>,
  { spin }: Part,
  still: boolean,
): void {
  const turned = useMemo(() => new THREE.Matrix4(), []);
  useFrame((_, step) => {
    const m = mesh.current;
    if (!m || still || !spin || !turning.current.length) return;
    const go = Math.min(step, 0.1);
    turning.current.forEach((one, i) => {
      if (!one.speed) return;
      one.angle += one.speed * go;
      if (spin.axis === "y") turned.makeRotationY(one.angle);
      else turned.makeRotationX(one.angle);
      m.setMatrixAt(i, turned.premultiply(one.base));
    });
    m.instanceMatrix.needsUpdate = true;
  });
}

interface Picking {
  onChoose: (id: string) => void;
  onHover: (id: string | null) => void;
}

/** How tall what a click hits is, beside the usual 8 metres. */
const PICK_TALL: Partial<Record<Element["kind"], number>> = { lighthouse: 1.7, lake: 0.25 };

/** What a click on a thing hits. */
function Picks({ elements, onChoose, onHover }: { elements: Element[] } & Picking) {
  const mesh = useRef<THREE.InstancedMesh>(null);
  const shape = useMemo(() => new THREE.CylinderGeometry(4.6, 4.6, 8, 8).translate(0, 4, 0), []);
  const paint = useMemo(
    () =>
      new THREE.MeshBasicMaterial({
        colorWrite: false,
        depthWrite: false,
        transparent: true,
        opacity: 0,
      }),
    [],
  );
  const room = roomFor(elements.length);
  useLayoutEffect(() => {
    const m = mesh.current;
    if (!m) return;
    const matrix = new THREE.Matrix4();
    elements.forEach((e, i) => {
      matrix.makeScale(1, PICK_TALL[e.kind] ?? 1, 1).setPosition(e.x, e.altitude, e.z);
      m.setMatrixAt(i, matrix);
    });
    setCount(m, elements.length);
    m.computeBoundingSphere();
  }, [elements, room]);
  const of = ({ instanceId }: ThreeEvent<PointerEvent | MouseEvent>): string | null =>
    instanceId === undefined ? null : (elements.at(instanceId)?.id ?? null);
  return (
    <instancedMesh
      ref={mesh}
      args={[shape, paint, room]}
      frustumCulled={false}
      onClick={(event) => {
        const id = of(event);
        if (!id) return;
        event.stopPropagation();
        onChoose(id);
      }}
      onPointerMove={(event) => {
        event.stopPropagation();
        onHover(of(event));
      }}
      onPointerOut={() => onHover(null)}
    />
  );
}

/** The parts of each kind, with the models that the project brings. */
function useKinds(look: Look, models: ImportedModels) {
  const own = useMemo(
    () => Object.entries(KINDS).map(([kind, make]) => [kind, make(look)] as const),
    [look],
  );
  useLayoutEffect(
    () => () => {
      for (const part of own.flatMap(([, parts]) => parts)) {
        part.shape.dispose();
        if (!(part.paint instanceof THREE.ShaderMaterial)) part.paint.dispose(); // water is shared
      }
    },
    [own],
  );
  return useMemo(
    () => own.map(([kind, parts]) => [kind, withImportedModel(parts, models.get(kind))] as const),
    [own, models],
  );
}

function byKind(elements: Element[]): Map<string, Element[]> {
  const found = new Map<string, Element[]>();
  for (const e of elements) {
    const mine = found.get(e.kind);
    if (mine) mine.push(e);
    else found.set(e.kind, [e]);
  }
  return found;
}

export function Things({
  elements,
  models,
  look,
  ground,
  chosen,
  still,
  ...picking
}: {
  elements: Element[];
  models: ImportedModels;
  look: Look;
  ground: Ground;
  chosen: string | null;
  still: boolean;
} & Picking) {
  const kinds = useKinds(look, models);
  const by = useMemo(() => byKind(elements), [elements]);
  const one = chosen ? elements.find((e) => e.id === chosen) : undefined;
  return (
    <group>
      {kinds.map(([kind, parts]) => {
        const things = by.get(kind);
        if (!things) return null;
        return parts.map((part) => (
          <PartMeshes
            key={`${kind}-${part.name}`}
            part={part}
            things={things}
            ground={ground}
            still={still}
            shadow={look.fine}
          />
        ));
      })}
      <Picks elements={elements} {...picking} />
      {one && <Ring e={one} />}
    </group>
  );
}

/** A ring around what is chosen. */
function Ring({ e }: { e: Element }) {
  const [inner, outer] = e.kind === "lake" ? [11, 11.5] : [6.4, 6.9];
  return (
    <mesh position={[e.x, e.altitude + 0.35, e.z]} rotation={[-Math.PI / 2, 0, 0]}>
      <ringGeometry args={[inner, outer, 64]} />
      <meshBasicMaterial color="#ffffff" transparent opacity={0.85} side={THREE.DoubleSide} />
    </mesh>
  );
}
