// In a headset the page's cards cannot be seen: a board before the visitor says the same and is pressed with one controller.
import { useFrame, type ThreeEvent } from "@react-three/fiber";
import { useXRInputSourceState } from "@react-three/xr";
import { useEffect, useMemo, useRef, useState } from "react";
import * as THREE from "three";

/** What a board shows. A board with another `key` is put before the visitor anew; `aside` turns it out of the way, in radians to the left. */
export interface BoardPanel { key: string; title: string; sub?: string; lines: string[]; acts: { name: string; danger?: boolean; act: () => void }[]; aside?: number }

const WIDE = 1024, PAD = 40, LINE = 46, ACT = 92, GAP = 16, MOST = 11; // pixels, and lines at most
const BROAD = 1.1, AWAY = 1.25, LOST = 3; // metres: its width, how far off it stands, and when it is left behind
const FONT = '"Inter", system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif';

interface Laid { tall: number; spots: { x: number; y: number; wide: number }[] }

// Words broken into lines that fit; Chinese breaks between any two characters.
function broken(pen: CanvasRenderingContext2D, text: string, wide: number): string[] {
  const lines: string[] = [];
  for (const part of text.split("\n")) {
    let line = "";
    for (const word of part.match(/[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+\s*|\s+/gu) ?? [""]) {
      if (line && pen.measureText((line + word).trimEnd()).width > wide) { lines.push(line.trimEnd()); line = word.trimStart(); } else line += word;
      while (pen.measureText(line).width > wide && line.length > 1) { let n = line.length; while (n > 1 && pen.measureText(line.slice(0, n)).width > wide) n--; lines.push(line.slice(0, n)); line = line.slice(n); }
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

function painted(sheet: BoardPanel, over: number, canvas: HTMLCanvasElement): Laid {
  const pen = canvas.getContext("2d")!, inner = WIDE - 2 * PAD;
  pen.font = `34px ${FONT}`;
  let lines = sheet.lines.flatMap((l) => broken(pen, l, inner));
  if (lines.length > MOST) lines = [...lines.slice(0, MOST - 1), "…"];
  const head = PAD + 62 + (sheet.sub ? 44 : 0) + 14, rows = Math.ceil(sheet.acts.length / 2), tall = head + lines.length * LINE + (rows ? 22 + rows * (ACT + GAP) : 0) + PAD - 10;
  canvas.width = WIDE; canvas.height = tall;
  pen.fillStyle = "#10171ff4"; pen.beginPath(); pen.roundRect(0, 0, WIDE, tall, 42); pen.fill();
  pen.fillStyle = "#ffffff"; pen.textBaseline = "top"; pen.font = `600 48px ${FONT}`; pen.fillText(sheet.title, PAD, PAD, inner);
  if (sheet.sub) { pen.fillStyle = "#a9bccd"; pen.font = `32px ${FONT}`; pen.fillText(sheet.sub, PAD, PAD + 62, inner); }
  pen.fillStyle = "#eef3f8"; pen.font = `34px ${FONT}`;
  lines.forEach((line, i) => pen.fillText(line, PAD, head + i * LINE, inner));
  const spots = sheet.acts.map((act, i) => {
    const alone = sheet.acts.length % 2 === 1 && i === sheet.acts.length - 1, wide = alone ? inner : (inner - GAP) / 2, x = PAD + (i % 2) * (wide + GAP), y = head + lines.length * LINE + 22 + Math.floor(i / 2) * (ACT + GAP);
    pen.fillStyle = i === over ? (act.danger ? "#c2483b" : "#2f7fb8") : act.danger ? "#7d2b22" : "#2a3948"; pen.beginPath(); pen.roundRect(x, y, wide, ACT, 20); pen.fill();
    pen.fillStyle = "#ffffff"; pen.font = `600 34px ${FONT}`; pen.textAlign = "center"; pen.textBaseline = "middle"; pen.fillText(act.name, x + wide / 2, y + ACT / 2 + 2, wide - 24);
    pen.textAlign = "left"; pen.textBaseline = "top";
    return { x, y, wide };
  });
  return { tall, spots };
}

export function Board({ sheet, onMenu }: { sheet: BoardPanel | null; onMenu: () => void }) {
  const right = useXRInputSourceState("controller", "right"), left = useXRInputSourceState("controller", "left");
  const mesh = useRef<THREE.Mesh>(null), pressed = useRef(false), placed = useRef("");
  const [over, hover] = useState(-1);
  const canvas = useMemo(() => document.createElement("canvas"), []);
  const texture = useRef<THREE.CanvasTexture | null>(null), laid = useRef<Laid | null>(null);
  const paint = useMemo(() => new THREE.MeshBasicMaterial({ transparent: true, toneMapped: false, fog: false }), []);
  const words = sheet ? JSON.stringify([sheet.title, sheet.sub, sheet.lines, sheet.acts.map((a) => a.name)]) : "";
  useEffect(() => {
    if (!sheet) { laid.current = null; placed.current = ""; window.mesocosm.board = null; return; }
    const before = laid.current?.tall;
    laid.current = painted(sheet, over, canvas);
    if (!texture.current || before !== laid.current.tall) { // a picture of another size is another texture
      texture.current?.dispose();
      texture.current = new THREE.CanvasTexture(canvas);
      texture.current.colorSpace = THREE.SRGBColorSpace; texture.current.anisotropy = 4;
      paint.map = texture.current; paint.needsUpdate = true;
    }
    texture.current.needsUpdate = true;
    mesh.current?.scale.set(BROAD, (BROAD * laid.current.tall) / WIDE, 1);
    const spots = laid.current.spots.map((s) => [(s.x + s.wide / 2) / WIDE, 1 - (s.y + ACT / 2) / laid.current!.tall]);
    window.mesocosm.board = { title: sheet.title, sub: sheet.sub ?? "", lines: sheet.lines, acts: sheet.acts.map((a) => a.name), spot: (i) => { mesh.current?.updateWorldMatrix(true, false); return mesh.current!.localToWorld(new THREE.Vector3(spots[i]![0]! - 0.5, spots[i]![1]! - 0.5, 0)).toArray(); } };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [words, over]);
  useEffect(() => () => { texture.current?.dispose(); paint.dispose(); window.mesocosm.board = null; }, [paint]);
  const eye = useMemo(() => new THREE.Vector3(), []), ahead = useMemo(() => new THREE.Vector3(), []);
  useFrame(({ camera }) => {
    const button = [right, left].some((c) => (c?.gamepad["b-button"] ?? c?.gamepad["y-button"])?.state === "pressed");
    if (button && !pressed.current) onMenu();
    pressed.current = button;
    const m = mesh.current;
    if (!m || !sheet) return;
    camera.getWorldPosition(eye);
    if (placed.current === sheet.key && m.position.distanceTo(eye) < LOST) return;
    placed.current = sheet.key;
    camera.getWorldDirection(ahead).setY(0).normalize().applyAxisAngle(THREE.Object3D.DEFAULT_UP, sheet.aside ?? 0);
    m.position.copy(eye).addScaledVector(ahead, AWAY); m.position.y -= 0.12;
    m.rotation.set(0, Math.atan2(-ahead.x, -ahead.z), 0);
  });
  const at = (event: ThreeEvent<PointerEvent | MouseEvent>): number => {
    const l = laid.current, uv = event.uv;
    if (!l || !uv) return -1;
    const x = uv.x * WIDE, y = (1 - uv.y) * l.tall;
    return l.spots.findIndex((s) => x >= s.x && x <= s.x + s.wide && y >= s.y && y <= s.y + ACT);
  };
  return (
    <mesh ref={mesh} material={paint} visible={sheet !== null} renderOrder={20} onClick={(e) => { e.stopPropagation(); sheet?.acts[at(e)]?.act(); }} onPointerMove={(e) => { e.stopPropagation(); hover(at(e)); }} onPointerOut={() => hover(-1)}>
      <planeGeometry args={[1, 1]} />
    </mesh>
  );
}
