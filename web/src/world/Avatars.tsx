// People in the valley: bodies and heads drawn together, and names over the nearest.
import { useFrame, type RootState } from "@react-three/fiber";
import { useXR } from "@react-three/xr";
import { useEffect, useMemo, useRef, type RefObject } from "react";
import * as THREE from "three";
import { fonts, loadFaces } from "../fonts/chinese";
import { fillRound, newCanvas } from "../scene/canvas";
import type { Pose } from "../state/poseCodec";
import { Visitors, type Person } from "../state/visitors";

const MOST = 500; // people drawn at most
const NAMED = 12; // people whose names are shown
const CLOSE = 0.8; // metres nearer than which somebody would fill one's sight; who comes begins where others began
const SEEN = 60; // metres at which a name is read

/** The picture of a name; painted once its characters are here. */
function label(name: string): THREE.CanvasTexture {
  const { canvas, pen } = newCanvas(256, 64);
  const picture = new THREE.CanvasTexture(canvas);
  void loadFaces(name).then(() => {
    paintName(pen, name);
    picture.needsUpdate = true;
  });
  return picture;
}

function paintName(pen: CanvasRenderingContext2D, name: string): void {
  pen.fillStyle = "#10161dcc";
  fillRound(pen, [0, 8, 256, 48], 20);
  pen.fillStyle = "#ffffff";
  pen.font = `600 27px ${fonts()}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(name, 128, 33, 236);
}

interface Near {
  name: string;
  at: THREE.Vector3;
  far: number;
}

type Part = RefObject<THREE.InstancedMesh | null>;
interface Meshes {
  body: Part;
  head: Part;
  visor: Part;
  hand: Part;
}

/** Draws people into the meshes of their parts, one after another. */
class Crowd {
  private put = new THREE.Object3D();
  private tint = new THREE.Color();
  private people = 0;
  private hands = 0;
  constructor(
    private body: THREE.InstancedMesh,
    private head: THREE.InstancedMesh,
    private visor: THREE.InstancedMesh,
    private hand: THREE.InstancedMesh,
  ) {}

  get full(): boolean {
    return this.people >= MOST;
  }

  add(one: Person, { place, turn }: Pose): void {
    const { put, tint } = this;
    const i = this.people++;
    put.position.copy(place);
    put.quaternion.copy(turn);
    put.updateMatrix();
    this.head.setMatrixAt(i, put.matrix);
    this.visor.setMatrixAt(i, put.matrix);
    put.quaternion.identity();
    put.position.y -= 0.78;
    put.updateMatrix();
    this.body.setMatrixAt(i, put.matrix);
    tint.setHSL((one.id * 0.382) % 1, 0.55, 0.5);
    this.body.setColorAt(i, tint);
    this.head.setColorAt(i, tint);
    for (const hand of one.hands) {
      if (this.hands >= MOST) break;
      put.position.copy(hand.place);
      put.quaternion.copy(hand.turn);
      put.updateMatrix();
      this.hand.setMatrixAt(this.hands++, put.matrix);
    }
  }

  done(): void {
    for (const mesh of [this.body, this.head, this.visor, this.hand]) {
      mesh.count = mesh === this.hand ? this.hands : this.people;
      mesh.instanceMatrix.needsUpdate = true;
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    }
  }
}

/** Where the visitor's own hands are, in a headset. */
function ownHands(gl: RootState["gl"]): Pose[] {
  return [0, 1]
    .map((i) => gl.xr.getControllerGrip(i))
    .filter((grip) => grip.visible)
    .map((grip) => ({
      place: grip.getWorldPosition(new THREE.Vector3()),
      turn: grip.getWorldQuaternion(new THREE.Quaternion()),
    }));
}

/** Draws everybody but the visitor; gives who is near. */
function draw(visitors: Visitors, crowd: Crowd, eye: THREE.Vector3, now: number): Near[] {
  const near: Near[] = [];
  for (const one of visitors.people.values()) {
    if (one.id === visitors.me || crowd.full) continue;
    const pose = Visitors.where(one, now);
    const far = pose?.place.distanceTo(eye) ?? 0;
    if (!pose || far < CLOSE) continue;
    crowd.add(one, pose);
    near.push({ name: one.name, at: pose.place, far });
  }
  crowd.done();
  return near.sort((a, b) => a.far - b.far);
}

/** Puts the names of the nearest over them. */
function nameNearest(
  sprites: readonly THREE.Object3D[],
  near: Near[],
  signOf: (name: string) => THREE.CanvasTexture,
): void {
  sprites.forEach((child, i) => {
    const sprite = child as THREE.Sprite;
    const one = near.at(i);
    sprite.visible = one !== undefined && one.far < SEEN;
    if (!one) return;
    const sign = signOf(one.name);
    if (sprite.material.map !== sign) {
      sprite.material.map = sign;
      sprite.material.needsUpdate = true;
    }
    sprite.position.copy(one.at);
    sprite.position.y += 0.62;
  });
}

/** The pictures of names, each painted once. */
function useSigns(): (name: string) => THREE.CanvasTexture {
  const signs = useMemo(() => new Map<string, THREE.CanvasTexture>(), []);
  useEffect(() => () => signs.forEach((sign) => sign.dispose()), [signs]);
  return (name) => {
    const sign = signs.get(name) ?? label(name);
    signs.set(name, sign);
    return sign;
  };
}

function crowdOf({ body, head, visor, hand }: Meshes): Crowd | null {
  if (!body.current || !head.current || !visor.current || !hand.current) return null;
  return new Crowd(body.current, head.current, visor.current, hand.current);
}

export function Avatars({ visitors, ar }: { visitors: Visitors; ar: boolean }) {
  const body = useRef<THREE.InstancedMesh>(null);
  const head = useRef<THREE.InstancedMesh>(null);
  const visor = useRef<THREE.InstancedMesh>(null);
  const hand = useRef<THREE.InstancedMesh>(null);
  const names = useRef<THREE.Group>(null);
  const origin = useXR((s) => s.originReferenceSpace);
  const signOf = useSigns();
  useFrame(({ camera, gl }, _, frame?: XRFrame) => {
    const now = performance.now();
    const eye = camera.getWorldPosition(new THREE.Vector3());
    const turn = camera.getWorldQuaternion(new THREE.Quaternion());
    const inHeadset = frame && gl.xr.isPresenting && origin;
    if (!ar) visitors.pose(eye, turn, inHeadset ? ownHands(gl) : [], now);
    const crowd = crowdOf({ body, head, visor, hand });
    if (!crowd) return;
    const near = draw(visitors, crowd, eye, now);
    nameNearest(names.current?.children ?? [], near, signOf);
  });
  return (
    <group>
      <instancedMesh ref={body} args={[undefined, undefined, MOST]} frustumCulled={false}>
        <capsuleGeometry args={[0.24, 0.72, 4, 10]} />
        <meshStandardMaterial roughness={0.8} />
      </instancedMesh>
      <instancedMesh ref={head} args={[undefined, undefined, MOST]} frustumCulled={false}>
        <boxGeometry args={[0.3, 0.34, 0.3]} />
        <meshStandardMaterial roughness={0.6} />
      </instancedMesh>
      <Visors mesh={visor} />
      <instancedMesh ref={hand} args={[undefined, undefined, MOST]} frustumCulled={false}>
        <sphereGeometry args={[0.07, 10, 8]} />
        <meshStandardMaterial color="#f2d8c4" roughness={0.7} />
      </instancedMesh>
      <Names group={names} />
    </group>
  );
}

/** A dark visor before each head tells where it looks. */
function Visors({ mesh }: { mesh: Part }) {
  const shape = useMemo(() => new THREE.BoxGeometry(0.24, 0.1, 0.06).translate(0, 0.03, -0.15), []);
  return (
    <instancedMesh ref={mesh} args={[shape, undefined, MOST]} frustumCulled={false}>
      <meshStandardMaterial color="#1c2530" roughness={0.3} />
    </instancedMesh>
  );
}

function Names({ group }: { group: RefObject<THREE.Group | null> }) {
  return (
    <group ref={group}>
      {Array.from({ length: NAMED }, (_, i) => (
        <sprite key={i} visible={false} scale={[1.5, 0.375, 1]}>
          <spriteMaterial transparent depthWrite={false} />
        </sprite>
      ))}
    </group>
  );
}
