// In AR the valley stands where it was put: a ring shows the surface that is looked at, a press puts the valley there, and an anchor holds it in the room where the device can.
import { useFrame } from "@react-three/fiber";
import { useXR, useXRHitTest } from "@react-three/xr";
import { useEffect, useMemo, useRef, type ReactNode, type RefObject } from "react";
import * as THREE from "three";

const HERE = new THREE.Vector3();
const FIRST = new THREE.Vector3(0, 0.72, -0.9); // before anything was found
const AWAY = 1.1; // metres that a press must be off to put it elsewhere

type GroupRef = RefObject<THREE.Group | null>;

/** What holds the valley: in AR it is small and where it was put, else as it is. */
export function TablePlacement({
  ar,
  scale,
  turn,
  children,
}: {
  ar: boolean;
  scale: number;
  turn: number;
  children: ReactNode;
}) {
  const group = useRef<THREE.Group>(null);
  return (
    <>
      <group
        ref={group}
        scale={ar ? scale : 1}
        position={ar ? FIRST : HERE}
        rotation-y={ar ? turn : 0}
      >
        {children}
      </group>
      {ar && <Placing group={group} />}
    </>
  );
}

/** What is found where one looks. */
class Found {
  hit: XRHitTestResult | null = null;
  matrix = new THREE.Matrix4();
  private spot = new THREE.Vector3();

  get place(): THREE.Vector3 {
    return this.spot.setFromMatrixPosition(this.matrix);
  }

  isFarFrom(group: THREE.Group | null): boolean {
    return this.place.distanceTo(group?.position ?? FIRST) > AWAY;
  }
}

function putAt(group: THREE.Group, at: THREE.Vector3 | DOMPointReadOnly): void {
  group.position.set(at.x, at.y, at.z);
  window.mesocosm.table = group.position.toArray();
}

/** A press puts the valley where one looks, and an anchor holds it there. */
function usePut(group: GroupRef, found: Found): RefObject<boolean> {
  const session = useXR((s) => s.session);
  const space = useXR((s) => s.originReferenceSpace);
  const placed = useRef(false);
  const anchor = useRef<XRAnchor | null>(null);
  useEffect(() => {
    if (!session) return;
    const release = () => {
      anchor.current?.delete();
      anchor.current = null;
    };
    const put = () => {
      const valley = group.current;
      if (!found.hit || !valley || (placed.current && !found.isFarFrom(valley))) return;
      putAt(valley, found.place);
      placed.current = true;
      release();
      void found.hit.createAnchor?.()?.then(
        (made) => {
          anchor.current = made;
        },
        () => undefined, // a device without anchors leaves it at its place
      );
    };
    session.addEventListener("select", put);
    return () => {
      session.removeEventListener("select", put);
      release();
    };
  }, [session, group, found]);
  useFrame((_, __, frame?: XRFrame) => {
    if (!frame || !anchor.current || !space || !group.current) return;
    const at = frame.getPose(anchor.current.anchorSpace, space)?.transform.position;
    if (at) putAt(group.current, at);
  });
  return placed;
}

function Placing({ group }: { group: GroupRef }) {
  const ring = useRef<THREE.Mesh>(null);
  const found = useMemo(() => new Found(), []);
  const placed = usePut(group, found);
  useXRHitTest((results, matrixOf) => {
    const first = results.at(0);
    found.hit = first && matrixOf(found.matrix, first) ? first : null;
    const r = ring.current;
    if (!r) return;
    r.visible = found.hit !== null && (!placed.current || found.isFarFrom(group.current));
    if (found.hit) r.position.copy(found.place);
  }, "viewer");
  return (
    <mesh ref={ring} visible={false} rotation-x={-Math.PI / 2}>
      <ringGeometry args={[0.16, 0.19, 40]} />
      <meshBasicMaterial color="#ffffff" toneMapped={false} side={THREE.DoubleSide} />
    </mesh>
  );
}
