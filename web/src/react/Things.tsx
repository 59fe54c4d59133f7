// The things of the world, one component a kind; every size and colour is a fact of the catalog.
import { useFrame } from "@react-three/fiber";
import { useMemo, useRef, type ReactNode } from "react";
import * as THREE from "three";
import type { Palette } from "../scene/palette";
import type { Element } from "../state/wire";

const STATE = { fine: "#ffe9a8", watch: "#ffb347", alarm: "#ff5a4d", unknown: "#9aa3ad" } as const;

function Spring({ e, p }: { e: Element; p: Palette }) {
  const dry = e.level === null;
  return (
    <group>
      {[[-1.6, 1.2, -1.4, 2.4], [1.5, 0.9, -1.7, 2.1], [0, 1.9, -2.4, 2.9], [-0.5, 0.3, -3.2, 3.4]].map(([x, y, z, s], i) => (
        <mesh key={i} position={[x!, y!, z!]} rotation={[i, i * 2, 0]} castShadow receiveShadow>
          <dodecahedronGeometry args={[s!, 0]} />
          <meshStandardMaterial color={p.rock} roughness={1} flatShading />
        </mesh>
      ))}
      {!dry && (
        <mesh position={[0, 1.7, 0.55]} rotation={[-0.2, 0, 0]}>
          <planeGeometry args={[1.1, 3.4, 1, 6]} />
          <meshStandardMaterial color="#eaf7ff" transparent opacity={0.75} side={THREE.DoubleSide} emissive={p.water} emissiveIntensity={0.25} />
        </mesh>
      )}
      <mesh position={[0, 0.22, 1.5]} rotation={[-Math.PI / 2, 0, 0]}>
        <circleGeometry args={[1.9, 28]} />
        <meshStandardMaterial color={dry ? p.rock : p.water} roughness={0.12} metalness={0.25} />
      </mesh>
    </group>
  );
}

function Lake({ e, p }: { e: Element; p: Palette }) {
  const radius = 3.2 + 6 * (e.level ?? 0.2);
  const colour = new THREE.Color("#7d7350").lerp(new THREE.Color(p.water), e.clarity ?? 0.5);
  const facts = e.facts as { quarantined?: number; kept?: number };
  const aside = facts.kept ? Math.sqrt((facts.quarantined ?? 0) / facts.kept) * radius : 0;
  return (
    <group>
      <mesh position={[0, 0.16, 0]} rotation={[-Math.PI / 2, 0, 0]} receiveShadow>
        <circleGeometry args={[radius + 0.9, 48]} />
        <meshStandardMaterial color="#c9b98a" roughness={1} />
      </mesh>
      <mesh position={[0, 0.24, 0]} rotation={[-Math.PI / 2, 0, 0]}>
        <circleGeometry args={[radius, 48]} />
        <meshStandardMaterial color={colour} roughness={0.08} metalness={0.35} transparent opacity={0.94} emissive={colour} emissiveIntensity={0.12} />
      </mesh>
      {aside > 0.1 && (
        <mesh position={[radius + 1.4 + aside / 2, 0.26, 1.5]} rotation={[-Math.PI / 2, 0, 0]}>
          <circleGeometry args={[aside, 28]} />
          <meshStandardMaterial color="#6d5a3c" roughness={0.4} />
        </mesh>
      )}
    </group>
  );
}

function Tree({ e, p }: { e: Element; p: Palette }) {
  const tall = 4 + 9 * (e.height ?? 0.2);
  const gray = e.state === "unknown";
  const crown = useMemo(() => Array.from({ length: 11 }, (_, i) => ({
    at: [Math.cos(i * 2.4) * tall * 0.19 * (1 - i / 24), tall * (0.55 + 0.045 * i), Math.sin(i * 2.4) * tall * 0.19 * (1 - i / 24)] as const,
    size: tall * (0.2 - i * 0.008),
  })), [tall]);
  return (
    <group>
      <mesh position={[0, tall * 0.3, 0]} castShadow>
        <cylinderGeometry args={[tall * 0.035, tall * 0.08, tall * 0.65, 9]} />
        <meshStandardMaterial color="#6b4a32" roughness={1} />
      </mesh>
      {crown.map((c, i) => (
        <mesh key={i} position={c.at as unknown as THREE.Vector3} castShadow>
          <icosahedronGeometry args={[c.size, 1]} />
          <meshStandardMaterial color={gray ? "#9aa3ad" : new THREE.Color(p.leaf).offsetHSL(0, 0, (i % 4) * 0.022 - 0.03)} roughness={0.9} flatShading />
        </mesh>
      ))}
      {Array.from({ length: Math.min(8, e.rings) }, (_, i) => (
        <mesh key={`r${i}`} position={[0, 0.25, 0]} rotation={[-Math.PI / 2, 0, 0]}>
          <ringGeometry args={[1.5 + i * 0.45, 1.68 + i * 0.45, 40]} />
          <meshStandardMaterial color="#e6c98d" emissive="#e6c98d" emissiveIntensity={0.25} />
        </mesh>
      ))}
      {e.state === "watch" && Array.from({ length: 14 }, (_, i) => (
        <mesh key={`f${i}`} position={[Math.cos((i / 14) * 6.283) * 3.4, 0.7, Math.sin((i / 14) * 6.283) * 3.4]}>
          <boxGeometry args={[0.16, 1.5, 0.16]} />
          <meshStandardMaterial color="#b88d5a" />
        </mesh>
      ))}
    </group>
  );
}

function Lighthouse({ e, p, still }: { e: Element; p: Palette; still: boolean }) {
  const beam = useRef<THREE.Group>(null);
  const colour = STATE[e.state];
  useFrame((_, step) => {
    if (beam.current && !still) beam.current.rotation.y += Math.min(step, 0.1) * (0.15 + Math.min(2.5, e.traffic * 0.4));
  });
  const power = 0.10 + Math.min(0.35, e.traffic * 0.05) + (p.night ? 0.16 : 0);
  return (
    <group>
      {Array.from({ length: 5 }, (_, i) => (
        <mesh key={i} position={[0, 1.1 + i * 2, 0]} castShadow>
          <cylinderGeometry args={[1.42 - i * 0.13, 1.55 - i * 0.13, 2, 24]} />
          <meshStandardMaterial color={i % 2 ? "#c8503f" : "#f6f1e6"} roughness={0.75} />
        </mesh>
      ))}
      <mesh position={[0, 10.25, 0]} castShadow><cylinderGeometry args={[1.35, 1.35, 0.3, 24]} /><meshStandardMaterial color="#3a3f4a" /></mesh>
      <mesh position={[0, 11, 0]}><cylinderGeometry args={[0.7, 0.7, 1.3, 16]} /><meshStandardMaterial color={colour} emissive={colour} emissiveIntensity={e.state === "unknown" ? 0.05 : 1.8} /></mesh>
      <mesh position={[0, 12.1, 0]} castShadow><coneGeometry args={[1.15, 1.1, 20]} /><meshStandardMaterial color="#a63d31" /></mesh>
      {e.state !== "unknown" && (
        <group ref={beam} position={[0, 11, 0]}>
          {[0, Math.PI].map((turn) => (
            <mesh key={turn} rotation={[0, turn, -Math.PI / 2]} position={[Math.cos(turn) * 11, 0, -Math.sin(turn) * 11]}>
              <cylinderGeometry args={turn ? [0.35, 2.4, 22, 20, 1, true] : [0.35, 2.4, 22, 20, 1, true]} />
              <meshBasicMaterial color={colour} transparent opacity={power} depthWrite={false} blending={THREE.AdditiveBlending} side={THREE.DoubleSide} />
            </mesh>
          ))}
        </group>
      )}
    </group>
  );
}

function Vane({ e, still }: { e: Element; still: boolean }) {
  const arrow = useRef<THREE.Group>(null);
  useFrame(({ clock }) => {
    if (arrow.current && !still) arrow.current.rotation.y = e.state === "alarm" ? Math.sin(clock.elapsedTime * 3) * 1.6 : 0.4;
  });
  return (
    <group>
      <mesh position={[0, 2.2, 0]} castShadow><cylinderGeometry args={[0.1, 0.16, 4.4, 10]} /><meshStandardMaterial color="#4a4f5a" metalness={0.6} roughness={0.4} /></mesh>
      <group ref={arrow} position={[0, 4.3, 0]}>
        <mesh castShadow><boxGeometry args={[3, 0.14, 0.14]} /><meshStandardMaterial color={STATE[e.state]} emissive={STATE[e.state]} emissiveIntensity={0.3} /></mesh>
        <mesh position={[1.6, 0, 0]} rotation={[0, 0, -Math.PI / 2]}><coneGeometry args={[0.34, 0.8, 4]} /><meshStandardMaterial color={STATE[e.state]} /></mesh>
        <mesh position={[-1.4, 0.2, 0]}><boxGeometry args={[0.8, 0.7, 0.08]} /><meshStandardMaterial color={STATE[e.state]} /></mesh>
      </group>
    </group>
  );
}

function Counter({ e }: { e: Element }) {
  return (
    <group>
      <mesh position={[0, 0.7, 0]} castShadow receiveShadow><boxGeometry args={[4.4, 1.3, 1.3]} /><meshStandardMaterial color="#9b6b43" roughness={0.7} /></mesh>
      <mesh position={[0, 1.4, 0]} castShadow><boxGeometry args={[4.8, 0.16, 1.7]} /><meshStandardMaterial color="#c79a66" roughness={0.5} /></mesh>
      {[-2.4, 2.4].map((x) => (<mesh key={x} position={[x, 2, -1.4]} castShadow><cylinderGeometry args={[0.12, 0.12, 4, 8]} /><meshStandardMaterial color="#6b4a32" /></mesh>))}
      <mesh position={[0, 4.15, -0.9]} rotation={[0.22, 0, 0]} castShadow><boxGeometry args={[6, 0.14, 3.4]} /><meshStandardMaterial color="#d9694f" roughness={0.8} /></mesh>
      {e.inhabitant && (
        <group position={[0, 0.2, -1.15]}>
          <mesh position={[0, 1.35, 0]} castShadow><capsuleGeometry args={[0.42, 1.05, 6, 16]} /><meshStandardMaterial color="#3f6f8f" roughness={0.8} /></mesh>
          <mesh position={[0, 2.55, 0]} castShadow><sphereGeometry args={[0.36, 24, 18]} /><meshStandardMaterial color="#f0c9a4" roughness={0.7} /></mesh>
          <mesh position={[0, 2.72, -0.06]} castShadow><sphereGeometry args={[0.38, 24, 18, 0, 6.3, 0, 1.7]} /><meshStandardMaterial color="#2b2320" roughness={0.9} /></mesh>
          {[-0.12, 0.12].map((x) => (<mesh key={x} position={[x, 2.57, 0.33]}><sphereGeometry args={[0.045, 8, 8]} /><meshStandardMaterial color="#1c1c1c" /></mesh>))}
        </group>
      )}
    </group>
  );
}

function Storm({ still }: { still: boolean }) {
  const drops = useRef<THREE.Points>(null);
  const at = useMemo(() => {
    const a = new Float32Array(400 * 3);
    for (let i = 0; i < 400; i++) a.set([Math.sin(i * 91.7) * 6, (i % 40) * 0.45, Math.cos(i * 57.3) * 6], i * 3);
    return a;
  }, []);
  useFrame((_, step) => {
    const p = drops.current?.geometry.attributes.position as THREE.BufferAttribute | undefined;
    if (!p || still) return;
    for (let i = 0; i < p.count; i++) p.setY(i, p.getY(i) <= 0 ? 17 : p.getY(i) - step * 14);
    p.needsUpdate = true;
  });
  return (
    <group>
      {Array.from({ length: 9 }, (_, i) => (
        <mesh key={i} position={[Math.cos(i * 2.1) * 4.6, 19 + (i % 3) * 0.8, Math.sin(i * 2.1) * 3.4]}>
          <icosahedronGeometry args={[1.9 + (i % 3) * 0.5, 2]} />
          <meshStandardMaterial color="#8b94a8" roughness={1} flatShading />
        </mesh>
      ))}
      <points ref={drops}>
        <bufferGeometry><bufferAttribute attach="attributes-position" args={[at, 3]} /></bufferGeometry>
        <pointsMaterial color="#bcd4ef" size={0.17} transparent opacity={0.8} />
      </points>
    </group>
  );
}

export function Thing({ e, p, chosen, still, onChoose }: { e: Element; p: Palette; chosen: boolean; still: boolean; onChoose: (id: string) => void }) {
  const body: Record<Element["kind"], ReactNode> = {
    spring: <Spring e={e} p={p} />, lake: <Lake e={e} p={p} />, tree: <Tree e={e} p={p} />,
    lighthouse: <Lighthouse e={e} p={p} still={still} />, vane: <Vane e={e} still={still} />, counter: <Counter e={e} />,
  };
  return (
    <group position={[e.x, e.altitude, e.z]} name={e.id} onClick={(event) => { event.stopPropagation(); onChoose(e.id); }}>
      {body[e.kind]}
      {e.state === "alarm" && <Storm still={still} />}
      {e.state === "unknown" && (
        <mesh position={[0, 2.4, 0]}><sphereGeometry args={[5, 24, 16]} /><meshBasicMaterial color="#aab2bc" transparent opacity={0.32} depthWrite={false} /></mesh>
      )}
      {chosen && (
        <mesh position={[0, 0.35, 0]} rotation={[-Math.PI / 2, 0, 0]}>
          <ringGeometry args={[6.4, 6.9, 64]} />
          <meshBasicMaterial color="#ffffff" transparent opacity={0.85} side={THREE.DoubleSide} />
        </mesh>
      )}
    </group>
  );
}
