// In AR the valley stands where it was put: a ring shows the surface that is looked at, a press puts the valley there, and an anchor holds it in the room where the device can.
import { useFrame } from "@react-three/fiber";
import { useXR, useXRHitTest } from "@react-three/xr";
import { useEffect, useRef, type ReactNode, type RefObject } from "react";
import * as THREE from "three";

const HERE = new THREE.Vector3(), FIRST = new THREE.Vector3(0, 0.72, -0.9), AWAY = 1.1; // before anything was found; and how far off a press must be to put it elsewhere

/** What holds the valley: in AR it is small and where it was put, else as it is. */
export function Table({ ar, scale, turn, children }: { ar: boolean; scale: number; turn: number; children: ReactNode }) {
  const group = useRef<THREE.Group>(null);
  return (
    <>
      <group ref={group} scale={ar ? scale : 1} position={ar ? FIRST : HERE} rotation-y={ar ? turn : 0}>{children}</group>
      {ar && <Placing group={group} />}
    </>
  );
}

function Placing({ group }: { group: RefObject<THREE.Group | null> }) {
  const session = useXR((s) => s.session), space = useXR((s) => s.originReferenceSpace);
  const ring = useRef<THREE.Mesh>(null), placed = useRef(false);
  const seen = useRef<XRHitTestResult | null>(null), anchor = useRef<XRAnchor | null>(null), found = useRef(new THREE.Matrix4());
  useXRHitTest((results, matrixOf) => {
    const first = results[0], r = ring.current;
    seen.current = first && matrixOf(found.current, first) ? first : null;
    if (!r) return;
    r.visible = seen.current !== null && (!placed.current || far());
    if (seen.current) r.position.setFromMatrixPosition(found.current);
  }, "viewer");
  const far = () => new THREE.Vector3().setFromMatrixPosition(found.current).distanceTo(group.current?.position ?? FIRST) > AWAY;
  useEffect(() => {
    if (!session) return;
    const put = () => {
      const hit = seen.current, g = group.current;
      if (!hit || !g || (placed.current && !far())) return;
      g.position.setFromMatrixPosition(found.current);
      placed.current = true;
      window.mesocosm.table = g.position.toArray();
      anchor.current?.delete(); anchor.current = null;
      void hit.createAnchor?.()?.then((a) => { anchor.current = a; }, () => undefined); // a device without anchors leaves it at its place
    };
    session.addEventListener("select", put);
    return () => { session.removeEventListener("select", put); anchor.current?.delete(); anchor.current = null; };
  }, [session, group]);
  useFrame((_, __, frame?: XRFrame) => {
    const held = anchor.current, g = group.current;
    if (!frame || !held || !space || !g) return;
    const at = frame.getPose(held.anchorSpace, space)?.transform.position;
    if (at) { g.position.set(at.x, at.y, at.z); window.mesocosm.table = g.position.toArray(); }
  });
  return (
    <mesh ref={ring} visible={false} rotation-x={-Math.PI / 2}><ringGeometry args={[0.16, 0.19, 40]} /><meshBasicMaterial color="#ffffff" toneMapped={false} side={THREE.DoubleSide} /></mesh>
  );
}
