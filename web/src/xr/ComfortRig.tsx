// Comfort in a headset: teleport and turns by steps are there anyway; walking with the stick is by choice, and then the edge of sight darkens while one moves. Who sits is lifted to a standing eye.
import { useFrame } from "@react-three/fiber";
import { useXR, useXRInputSourceState } from "@react-three/xr";
import { useMemo, useRef, type RefObject } from "react";
import * as THREE from "three";
import { standOn, type Ground } from "../scene/terrain";
import type { Comfort } from "./comfort";

const EYE = 1.6; // metres of a standing eye
const WORN = 0.2; // metres over the floor from which a headset is worn
const PACE = 2.2; // metres a second
const DEAD = 0.25; // how far a stick is let lie

const edgePaint = (): THREE.ShaderMaterial =>
  new THREE.ShaderMaterial({
    transparent: true,
    depthTest: false,
    depthWrite: false,
    side: THREE.BackSide,
    uniforms: { strong: { value: 0 } },
    vertexShader:
      "varying vec3 d; void main() { d = normalize(position); gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
    fragmentShader:
      "varying vec3 d; uniform float strong; void main() { gl_FragColor = vec4(0.02, 0.03, 0.04, strong * smoothstep(0.5, 0.78, acos(clamp(-normalize(d).z, -1.0, 1.0)))); }",
  });

/** Lifts who sits to a standing eye, once the headset is worn. */
function useLift(seated: boolean, onLift: (by: number) => void): void {
  const lifted = useRef(false);
  const space = useXR((s) => s.originReferenceSpace);
  useFrame(({ gl }, _, frame?: XRFrame) => {
    if (lifted.current || !frame || !space || !gl.xr.isPresenting) return;
    const eye = frame.getViewerPose(space)?.transform.position.y ?? 0;
    if (eye <= WORN) return;
    lifted.current = true;
    onLift(seated ? Math.max(0, EYE - eye) : 0);
  });
}

/** Moves who stands at a place over the ground, as high over it as before. */
function goAhead(at: THREE.Vector3, way: THREE.Vector3, far: number, ground: Ground): void {
  const high = at.y - standOn(ground, at.x, at.z);
  at.addScaledVector(way, far);
  at.y = standOn(ground, at.x, at.z) + high;
}

/** The origin moves while the stick is held, and is told when it stops. */
export function ComfortRig({
  comfort,
  ground,
  origin,
  onStop,
  onLift,
}: {
  comfort: Comfort;
  ground: Ground;
  origin: RefObject<THREE.Group | null>;
  onStop: (at: THREE.Vector3) => void;
  onLift: (by: number) => void;
}) {
  const left = useXRInputSourceState("controller", "left");
  const edge = useRef<THREE.Mesh>(null);
  const strong = useRef(0);
  const moving = useRef(false);
  const ahead = useMemo(() => new THREE.Vector3(), []);
  const paint = useMemo(() => edgePaint(), []);
  useLift(comfort.seated, onLift);
  useFrame(({ camera, gl }, raw) => {
    const o = origin.current;
    if (!o || !gl.xr.isPresenting) return;
    const step = Math.min(raw, 0.1);
    const stick = left?.gamepad["xr-standard-thumbstick"]?.yAxis ?? 0;
    const go = comfort.walk && Math.abs(stick) > DEAD;
    if (go) {
      camera.getWorldDirection(ahead).setY(0).normalize();
      goAhead(o.position, ahead, -stick * PACE * step, ground);
      window.mesocosm.origin = o.position.toArray();
    } else if (moving.current) onStop(o.position.clone());
    moving.current = go;
    const wanted = go && comfort.vignette ? 1 : 0;
    strong.current += (wanted - strong.current) * Math.min(1, step * 9);
    window.mesocosm.vignette = strong.current;
    const m = edge.current;
    if (!m) return;
    m.visible = strong.current > 0.02;
    paint.uniforms.strong.value = strong.current * 0.96;
    camera.getWorldPosition(m.position);
    camera.getWorldQuaternion(m.quaternion);
  });
  return (
    <mesh ref={edge} material={paint} visible={false} renderOrder={1000} frustumCulled={false}>
      <sphereGeometry args={[1.2, 24, 16]} />
    </mesh>
  );
}
