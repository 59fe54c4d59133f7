// Moving about on foot: keys or drag, and a flight to what was chosen. Never moves without the person's act.
import { useFrame, useThree } from "@react-three/fiber";
import { useEffect, useRef } from "react";
import * as THREE from "three";
import type { Ground } from "../scene/terrain";

export interface Aim { at: THREE.Vector3; look: THREE.Vector3 }

export function Walk({ ground, aim, still }: { ground: Ground; aim: Aim | null; still: boolean }) {
  const { camera, gl } = useThree();
  const keys = useRef(new Set<string>());
  const view = useRef({ yaw: 0, pitch: -0.24 });
  const flight = useRef<Aim | null>(null);
  useEffect(() => {
    camera.position.set(ground.mere.x * 0.3, ground.high + 8 + ground.wide * 0.06, ground.foot + 20 + ground.wide * 0.36);
    camera.rotation.order = "YXZ";
    const dom = gl.domElement;
    const typing = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    const down = (e: KeyboardEvent) => { if (!typing() && !e.ctrlKey && !e.metaKey) keys.current.add(e.key.toLowerCase()); };
    const up = (e: KeyboardEvent) => keys.current.delete(e.key.toLowerCase());
    const blur = () => keys.current.clear();
    let drag: { x: number; y: number } | null = null;
    const press = (e: PointerEvent) => { drag = { x: e.clientX, y: e.clientY }; };
    const move = (e: PointerEvent) => {
      if (!drag) return;
      view.current.yaw += (e.clientX - drag.x) * 0.004;
      view.current.pitch = Math.max(-1.2, Math.min(0.9, view.current.pitch + (e.clientY - drag.y) * 0.004));
      drag = { x: e.clientX, y: e.clientY };
      flight.current = null;
    };
    const release = () => { drag = null; };
    const wheel = (e: WheelEvent) => { flight.current = null; camera.position.addScaledVector(camera.getWorldDirection(new THREE.Vector3()), -e.deltaY * 0.03); };
    window.addEventListener("keydown", down); window.addEventListener("keyup", up); window.addEventListener("blur", blur);
    dom.addEventListener("pointerdown", press); window.addEventListener("pointermove", move); window.addEventListener("pointerup", release);
    dom.addEventListener("wheel", wheel, { passive: true });
    return () => {
      window.removeEventListener("keydown", down); window.removeEventListener("keyup", up); window.removeEventListener("blur", blur);
      dom.removeEventListener("pointerdown", press); window.removeEventListener("pointermove", move); window.removeEventListener("pointerup", release);
      dom.removeEventListener("wheel", wheel);
    };
  }, [camera, gl, ground]);
  useEffect(() => {
    const far = (ground.foot - ground.head) * 0.62 + ground.wide * 0.5, middle = (ground.foot + ground.head) / 2 + 4;
    window.mesocosm.turn = (angle) => {
      const x = Math.sin(angle) * far, z = middle + Math.cos(angle) * far;
      flight.current = null;
      camera.position.set(x, Math.max(ground.high + 16, ground.land(x, z) + 8), z);
      view.current = { yaw: angle, pitch: -Math.atan2(camera.position.y - ground.high * 0.45, far) };
    };
  }, [camera, ground]);
  useEffect(() => {
    if (!aim) return;
    flight.current = aim;
    if (still) camera.position.copy(aim.at);
  }, [aim, still, camera]);
  useFrame((_, raw) => {
    if (gl.xr.isPresenting) return;
    const step = Math.min(raw, 0.1), on = (...names: string[]) => names.some((n) => keys.current.has(n));
    const ahead = Number(on("w", "arrowup")) - Number(on("s", "arrowdown"));
    const side = Number(on("d")) - Number(on("a"));
    const turn = Number(on("arrowleft")) - Number(on("arrowright"));
    const rise = Number(on("e")) - Number(on("q"));
    if (ahead || side || turn || rise) flight.current = null;
    if (flight.current) {
      const ease = still ? 1 : 1 - Math.exp(-step * 2.6);
      camera.position.lerp(flight.current.at, ease);
      const d = flight.current.look.clone().sub(camera.position);
      const yaw = Math.atan2(-d.x, -d.z), pitch = Math.atan2(d.y, Math.hypot(d.x, d.z));
      const way = Math.atan2(Math.sin(yaw - view.current.yaw), Math.cos(yaw - view.current.yaw));
      view.current.yaw += way * ease;
      view.current.pitch += (pitch - view.current.pitch) * ease;
      if (camera.position.distanceTo(flight.current.at) < 0.2) flight.current = null;
    }
    view.current.yaw += turn * step * 1.4;
    const speed = step * (on("shift") ? 40 : 16);
    camera.position.x += (-Math.sin(view.current.yaw) * ahead + Math.cos(view.current.yaw) * side) * speed;
    camera.position.z += (-Math.cos(view.current.yaw) * ahead - Math.sin(view.current.yaw) * side) * speed;
    camera.position.y += rise * speed;
    const floor = Math.max(ground.land(camera.position.x, camera.position.z), ground.mere.y) + 1.7;
    if (camera.position.y < floor) camera.position.y = floor;
    camera.rotation.set(view.current.pitch, view.current.yaw, 0);
  }, -1); // before others are told where one stands, so that a step is told in the frame that makes it
  return null;
}
