// In a headset the page's cards cannot be seen: a board before the visitor says the same and is pressed with one controller.
import { useFrame, type ThreeEvent } from "@react-three/fiber";
import { useXRInputSourceState } from "@react-three/xr";
import { useEffect, useMemo, useRef, useState, type RefObject } from "react";
import * as THREE from "three";
import { usePaintable } from "../fonts/chinese";
import { useReadyByKey } from "../shared/useByKey";
import {
  buttonAt,
  middleOf,
  paintBoard,
  WIDE,
  type BoardLayout,
  type BoardPanel,
} from "./boardPainting";

const BROAD = 1.1; // metres
const AWAY = 1.25; // metres before the visitor
const LOST = 3; // metres at which it is left behind

type MeshRef = RefObject<THREE.Mesh | null>;

const wordsOf = ({ title, sub, lines, acts }: BoardPanel): string =>
  JSON.stringify([title, sub, lines, acts.map((act) => act.name)]);

/** A texture of the canvas; a picture of another size is another texture. */
function newTexture(canvas: HTMLCanvasElement, paint: THREE.MeshBasicMaterial): void {
  paint.map?.dispose();
  const texture = new THREE.CanvasTexture(canvas);
  texture.colorSpace = THREE.SRGBColorSpace;
  texture.anisotropy = 4;
  paint.map = texture;
  paint.needsUpdate = true;
}

/** Paints the board when its words change or another button is pointed at. */
function usePainted(
  panel: BoardPanel | null,
  over: number,
  mesh: MeshRef,
  paint: THREE.MeshBasicMaterial,
): RefObject<BoardLayout | null> {
  const words = panel ? wordsOf(panel) : "";
  const shown = useReadyByKey(panel, words, usePaintable(words), null);
  const canvas = useMemo(() => document.createElement("canvas"), []);
  const layout = useRef<BoardLayout | null>(null);
  useEffect(() => {
    if (!shown) {
      layout.current = null;
      window.mesocosm.board = null;
      return;
    }
    const before = layout.current?.tall;
    const now = paintBoard(shown, over, canvas);
    layout.current = now;
    if (!paint.map || before !== now.tall) newTexture(canvas, paint);
    if (paint.map) paint.map.needsUpdate = true;
    mesh.current?.scale.set(BROAD, (BROAD * now.tall) / WIDE, 1);
    window.mesocosm.board = {
      title: shown.title,
      sub: shown.sub ?? "",
      lines: shown.lines,
      acts: shown.acts.map((act) => act.name),
      spot: (i) => placeOf(mesh.current, middleOf(now, i)),
    };
  }, [shown, over, canvas, paint, mesh]);
  useEffect(
    () => () => {
      paint.map?.dispose();
      paint.dispose();
      window.mesocosm.board = null;
    },
    [paint],
  );
  return layout;
}

/** Where in the world a place of the board is. */
function placeOf(mesh: THREE.Mesh | null, [u, v]: [number, number]): number[] {
  if (!mesh) return [];
  mesh.updateWorldMatrix(true, false);
  return mesh.localToWorld(new THREE.Vector3(u - 0.5, v - 0.5, 0)).toArray();
}

/** Puts the board before the visitor, where it is another one or was left behind. */
function usePlaced(panel: BoardPanel | null, mesh: MeshRef): void {
  const placed = useRef("");
  const eye = useMemo(() => new THREE.Vector3(), []);
  const ahead = useMemo(() => new THREE.Vector3(), []);
  useFrame(({ camera }) => {
    const m = mesh.current;
    if (!panel) placed.current = "";
    if (!m || !panel) return;
    camera.getWorldPosition(eye);
    if (placed.current === panel.key && m.position.distanceTo(eye) < LOST) return;
    placed.current = panel.key;
    camera.getWorldDirection(ahead).setY(0).normalize();
    ahead.applyAxisAngle(THREE.Object3D.DEFAULT_UP, panel.aside ?? 0);
    m.position.copy(eye).addScaledVector(ahead, AWAY);
    m.position.y -= 0.12;
    m.rotation.set(0, Math.atan2(-ahead.x, -ahead.z), 0);
  });
}

/** B or Y asks for the menu. */
function useMenuButton(onMenu: () => void): void {
  const right = useXRInputSourceState("controller", "right");
  const left = useXRInputSourceState("controller", "left");
  const pressed = useRef(false);
  useFrame(() => {
    const now = [right, left].some(
      (c) => (c?.gamepad["b-button"] ?? c?.gamepad["y-button"])?.state === "pressed",
    );
    if (now && !pressed.current) onMenu();
    pressed.current = now;
  });
}

export function Board({ panel, onMenu }: { panel: BoardPanel | null; onMenu: () => void }) {
  const mesh = useRef<THREE.Mesh>(null);
  const [over, setOver] = useState(-1);
  const paint = useMemo(
    () => new THREE.MeshBasicMaterial({ transparent: true, toneMapped: false, fog: false }),
    [],
  );
  const layout = usePainted(panel, over, mesh, paint);
  usePlaced(panel, mesh);
  useMenuButton(onMenu);
  const at = ({ uv }: ThreeEvent<PointerEvent | MouseEvent>): number =>
    layout.current && uv ? buttonAt(layout.current, uv.x, uv.y) : -1;
  return (
    <mesh
      ref={mesh}
      material={paint}
      visible={panel !== null}
      renderOrder={20}
      onClick={(event) => {
        event.stopPropagation();
        const i = at(event);
        if (i >= 0) panel?.acts.at(i)?.act();
      }}
      onPointerMove={(event) => {
        event.stopPropagation();
        setOver(at(event));
      }}
      onPointerOut={() => setOver(-1)}
    >
      <planeGeometry args={[1, 1]} />
    </mesh>
  );
}
