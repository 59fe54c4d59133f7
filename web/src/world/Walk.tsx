// Moving about on foot: keys or drag, and a flight to what was chosen. Never moves without the person's act.
import { useFrame, useThree } from "@react-three/fiber";
import { useEffect, useRef, type RefObject } from "react";
import * as THREE from "three";
import type { Ground } from "../scene/terrain";
import { isTyping } from "../shared/isTyping";
import { dragged, flyOn, keysAsk, moves, stepOn, type Aim, type View } from "./walking";

const EYE = 1.7; // metres over the ground

interface Walking {
  keys: Set<string>;
  view: View;
  flight: Aim | null;
}

function listenToKeys({ keys }: Walking): () => void {
  const down = (e: KeyboardEvent) => {
    if (!isTyping() && !e.ctrlKey && !e.metaKey) keys.add(e.key.toLowerCase());
  };
  const up = (e: KeyboardEvent) => keys.delete(e.key.toLowerCase());
  const blur = () => keys.clear();
  window.addEventListener("keydown", down);
  window.addEventListener("keyup", up);
  window.addEventListener("blur", blur);
  return () => {
    window.removeEventListener("keydown", down);
    window.removeEventListener("keyup", up);
    window.removeEventListener("blur", blur);
  };
}

function listenToPointer(walking: Walking, camera: THREE.Camera, dom: HTMLElement): () => void {
  let drag: { x: number; y: number } | null = null;
  const press = (e: PointerEvent) => {
    drag = { x: e.clientX, y: e.clientY };
  };
  const move = (e: PointerEvent) => {
    if (!drag) return;
    walking.view = dragged(walking.view, e.clientX - drag.x, e.clientY - drag.y);
    walking.flight = null;
    press(e);
  };
  const release = () => {
    drag = null;
  };
  const wheel = (e: WheelEvent) => {
    walking.flight = null;
    const ahead = camera.getWorldDirection(new THREE.Vector3());
    camera.position.addScaledVector(ahead, -e.deltaY * 0.03);
  };
  dom.addEventListener("pointerdown", press);
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", release);
  dom.addEventListener("wheel", wheel, { passive: true });
  return () => {
    dom.removeEventListener("pointerdown", press);
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", release);
    dom.removeEventListener("wheel", wheel);
  };
}

/** Begins before the valley, and listens to keys and pointer. */
function useControls(walking: RefObject<Walking>, ground: Ground): void {
  const { camera, gl } = useThree();
  useEffect(() => {
    const { mere, high, wide, foot } = ground;
    camera.position.set(mere.x * 0.3, high + 8 + wide * 0.06, foot + 20 + wide * 0.36);
    camera.rotation.order = "YXZ";
    const ends = [
      listenToKeys(walking.current),
      listenToPointer(walking.current, camera, gl.domElement),
    ];
    return () => ends.forEach((end) => end());
  }, [walking, camera, gl, ground]);
}

/** Lets a picture of the valley be taken from around it. */
function useTurntable(walking: RefObject<Walking>, ground: Ground): void {
  const { camera } = useThree();
  useEffect(() => {
    const far = (ground.foot - ground.head) * 0.62 + ground.wide * 0.5;
    const middle = (ground.foot + ground.head) / 2 + 4;
    window.mesocosm.turn = (angle) => {
      const x = Math.sin(angle) * far;
      const z = middle + Math.cos(angle) * far;
      const y = Math.max(ground.high + 16, ground.land(x, z) + 8);
      camera.position.set(x, y, z);
      walking.current.flight = null;
      walking.current.view = { yaw: angle, pitch: -Math.atan2(y - ground.high * 0.45, far) };
    };
  }, [walking, camera, ground]);
}

export function Walk({ ground, aim, still }: { ground: Ground; aim: Aim | null; still: boolean }) {
  const { camera, gl } = useThree();
  const walking = useRef<Walking>({
    keys: new Set(),
    view: { yaw: 0, pitch: -0.24 },
    flight: null,
  });
  useControls(walking, ground);
  useTurntable(walking, ground);
  useEffect(() => {
    if (!aim) return;
    walking.current.flight = aim;
    if (still) camera.position.copy(aim.at);
  }, [aim, still, camera]);
  useFrame((_, raw) => {
    if (gl.xr.isPresenting) return;
    const w = walking.current;
    const at = camera.position;
    const step = Math.min(raw, 0.1);
    const asked = keysAsk(w.keys);
    if (moves(asked)) w.flight = null;
    const share = still ? 1 : 1 - Math.exp(-step * 2.6);
    if (w.flight && flyOn(at, w.view, w.flight, share)) w.flight = null;
    stepOn(at, w.view, asked, step);
    at.y = Math.max(at.y, Math.max(ground.land(at.x, at.z), ground.mere.y) + EYE);
    camera.rotation.set(w.view.pitch, w.view.yaw, 0);
  }, -1); // before others are told where one stands, so that a step is told in the frame that makes it
  return null;
}
