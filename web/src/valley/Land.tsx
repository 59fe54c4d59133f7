// The land that one stands on, its streams and the mere at its foot.
import { TeleportTarget } from "@react-three/xr";
import { useEffect, useLayoutEffect, useMemo } from "react";
import * as THREE from "three";
import { newCanvas } from "../scene/canvas";
import type { Palette } from "../scene/palette";
import { landCast } from "../scene/ray";
import { disc } from "../scene/shapes";
import { landMesh, thinned } from "../scene/landMesh";
import { hash } from "../scene/noise";
import { rivers } from "../scene/streams";
import type { Ground } from "../scene/terrain";
import type { Water } from "../scene/water";

const MERE = disc(1, 64);

function grain(): THREE.CanvasTexture {
  const { canvas, pen } = newCanvas(128, 128);
  pen.fillStyle = "#f2f2f2";
  pen.fillRect(0, 0, 128, 128);
  for (let i = 0; i < 2600; i++) {
    const v = 205 + Math.floor(hash(i, 3, 1) * 50);
    pen.fillStyle = `rgba(${[v, v, v - 12].join()},0.5)`;
    pen.fillRect(hash(i, 1, 1) * 128, hash(i, 2, 1) * 128, 1 + (i % 3), 1 + (i % 4));
  }
  const image = new THREE.CanvasTexture(canvas);
  image.wrapS = image.wrapT = THREE.RepeatWrapping;
  image.anisotropy = 4;
  return image;
}

function skinOf(ground: Ground): THREE.Material {
  const image = grain();
  image.repeat.setScalar(ground.size / 9);
  return new THREE.MeshStandardMaterial({ vertexColors: true, roughness: 1, map: image });
}

/** How far the mere reaches; on a table no farther than the valley. */
function mereScale({ mere, size }: Ground, ar: boolean): [number, number, number] {
  const [wide, deep] = [mere.r * 1.6, mere.r * 1.35];
  if (!ar) return [wide, 1, deep];
  const half = size / 2;
  return [Math.min(wide, half - Math.abs(mere.x)), 1, Math.min(deep, half - Math.abs(mere.z))];
}

export function Land({
  ground,
  seed,
  p,
  water,
  ar,
  lean,
  onPress,
  onTeleport,
}: {
  ground: Ground;
  seed: number;
  p: Palette;
  water: Water;
  ar: boolean;
  lean: number;
  onPress: () => void;
  onTeleport: (at: THREE.Vector3) => void;
}) {
  const land = useMemo(() => landMesh(ground, p, seed), [ground, p, seed]);
  useLayoutEffect(() => thinned(land, ground.cells, lean > 1), [land, ground, lean]);
  useEffect(() => () => land.dispose(), [land]);
  const cast = useMemo(() => landCast(ground), [ground]);
  const flow = useMemo(() => rivers(ground.courses.values()), [ground]);
  const skin = useMemo(() => skinOf(ground), [ground]);
  const { x, y, z } = ground.mere;
  return (
    <>
      <TeleportTarget onTeleport={onTeleport}>
        <mesh geometry={land} material={skin} raycast={cast} receiveShadow onClick={onPress} />
      </TeleportTarget>
      <mesh geometry={flow} material={water.stream} position-y={lean > 1 ? 0.4 : 0} />
      <mesh
        geometry={MERE}
        material={water.paint}
        position={[x, y, z]}
        scale={mereScale(ground, ar)}
      />
    </>
  );
}
