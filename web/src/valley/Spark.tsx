// The lit way of a request, and a spark that runs along it.
import { useFrame } from "@react-three/fiber";
import { useMemo, useRef } from "react";
import * as THREE from "three";
import type { Element } from "../state/wire";
import { LIFT } from "./requestPaths";

function curveOf(path: Element[]): THREE.CatmullRomCurve3 | null {
  if (path.length < 2) return null;
  const points = path.map((e) => new THREE.Vector3(e.x, e.altitude + LIFT[e.kind], e.z));
  return new THREE.CatmullRomCurve3(points, false, "catmullrom", 0.3);
}

export function Spark({ path, still }: { path: Element[]; still: boolean }) {
  const spark = useRef<THREE.Mesh>(null);
  const along = useRef(0);
  const curve = useMemo(() => curveOf(path), [path]);
  const tube = useMemo(() => curve && new THREE.TubeGeometry(curve, 120, 0.16, 6), [curve]);
  useFrame((_, step) => {
    if (!curve || !spark.current) return;
    along.current = still ? 0.5 : (along.current + step * 0.12) % 1;
    spark.current.position.copy(curve.getPoint(along.current));
  });
  if (!tube) return null;
  return (
    <group>
      <mesh geometry={tube}>
        <meshBasicMaterial color="#fff3a0" transparent opacity={0.6} toneMapped={false} />
      </mesh>
      <mesh ref={spark}>
        <sphereGeometry args={[0.6, 16, 12]} />
        <meshBasicMaterial color="#fffbe0" toneMapped={false} />
      </mesh>
    </group>
  );
}
