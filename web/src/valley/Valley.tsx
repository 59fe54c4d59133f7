// The valley: land, water, forest, sky and light, and the requests that fly through it.
import { useFrame } from "@react-three/fiber";
import { useEffect, useMemo, useRef } from "react";
import * as THREE from "three";
import type { Palette } from "../scene/palette";
import { groundOf, type Ground } from "../scene/terrain";
import { waterOf } from "../scene/water";
import { useByKey } from "../shared/useByKey";
import type { Element, Scene } from "../state/wire";
import { Fireflies } from "./Fireflies";
import { Greenery } from "./Greenery";
import type { ImportedModels } from "./ImportedModel";
import { Land } from "./Land";
import { Signs } from "./Signs";
import { Sky } from "./Sky";
import { Things } from "./Things";
import { Weather } from "./Weather";

const FEW = 120; // things that are drawn finely
const BIG = 420; // metres of a valley through which the shadows follow who walks
const SHADOW_STEP = 25; // metres

interface Plan {
  elements: Element[];
  seed: number;
}

/** Where things stand; the same until one is moved, comes or goes. */
function usePlan({ elements, seed }: Scene): Plan {
  const key = elements.map((e) => `${e.id}${String(e.x)}${String(e.z)}${e.needs.join()}`).join("|");
  return useByKey({ elements, seed }, key + String(seed));
}

function laidGround({ elements, seed }: Plan, rise: number | undefined) {
  const began = performance.now();
  const ground = groundOf(elements, seed, rise);
  return { ground, took: performance.now() - began };
}

function useGround(
  plan: Plan,
  rise: number | undefined,
  onGround: (ground: Ground) => void,
): Ground {
  const { ground, took } = useMemo(() => laidGround(plan, rise), [plan, rise]);
  useEffect(() => {
    window.mesocosm.laid = took;
    onGround(ground);
  }, [ground, took, onGround]);
  return ground;
}

export function Valley({
  scene,
  models,
  p,
  chosen,
  still,
  ar,
  lean,
  onChoose,
  onHover,
  onGround,
  onTeleport,
}: {
  scene: Scene;
  models: ImportedModels;
  p: Palette;
  chosen: string | null;
  still: boolean;
  ar: boolean;
  lean: number;
  onChoose: (id: string | null) => void;
  onHover: (id: string | null) => void;
  onGround: (ground: Ground) => void;
  onTeleport: (at: THREE.Vector3) => void;
}) {
  const { elements, seed } = scene;
  const plan = usePlan(scene);
  const ground = useGround(plan, p.landscape?.rise, onGround);
  const water = useMemo(() => waterOf(p), [p]);
  const fine = elements.length < FEW;
  const look = useMemo(() => ({ p, water, fine }), [p, water, fine]);
  useFrame((_, step) => {
    if (!still) water.time.value += Math.min(step, 0.1);
  });
  return (
    <group>
      {!ar && <Sky p={p} reach={Math.max(420, ground.size * 0.8)} />}
      <Light p={p} ground={ground} follows={!ar} shadows={lean < 3} />
      <Land {...{ ground, seed, p, water, ar, lean, onTeleport }} onPress={() => onChoose(null)} />
      <Greenery ground={ground} elements={plan.elements} seed={seed} p={p} lean={lean > 0} />
      <Things {...{ elements, models, look, ground, chosen, still, onChoose, onHover }} />
      <Weather elements={elements} p={p} still={still} time={water.time} />
      <Signs elements={elements} />
      <Fireflies scene={scene} time={water.time} night={p.night} />
    </group>
  );
}

/** The light of the sky, and the sun; in a big valley its shadows follow who walks. */
function Light({
  p,
  ground,
  follows,
  shadows,
}: {
  p: Palette;
  ground: Ground;
  follows: boolean;
  shadows: boolean;
}) {
  const sun = useRef<THREE.DirectionalLight>(null);
  useFrame(({ camera }) => {
    const light = sun.current;
    if (!light || !follows) return;
    const near = (v: number) => (ground.size > BIG ? Math.round(v / SHADOW_STEP) * SHADOW_STEP : 0);
    const x = near(camera.position.x);
    const z = near(camera.position.z - 40);
    const { target, position } = light;
    if (target.position.x === x && target.position.z === z) return;
    target.position.set(x, 0, z);
    position.set(p.sunAt[0] + x, p.sunAt[1], p.sunAt[2] + z);
    target.updateMatrixWorld();
  });
  return (
    <>
      <hemisphereLight args={[p.ambient, p.grass, p.ambientPower]} />
      <directionalLight
        ref={sun}
        position={p.sunAt}
        intensity={p.sunPower}
        color={p.sun}
        castShadow={shadows}
        shadow-mapSize={[2048, 2048]}
        shadow-bias={-0.0006}
        shadow-normalBias={0.6}
      >
        <orthographicCamera attach="shadow-camera" args={[-110, 110, 110, -110, 1, 320]} />
      </directionalLight>
    </>
  );
}
