// Looks: light, sky, land and water for a time of day, tinted by the season, which tells the age of the data.
import * as THREE from "three";
import type { Scene } from "../state/wire";
import { LANDSCAPES, type Landscape } from "./landscapes";

export interface Palette {
  name: string;
  skyTop: string;
  skyLow: string;
  fog: string;
  sun: string;
  sunAt: [number, number, number];
  sunPower: number;
  ambient: string;
  ambientPower: number;
  grass: string;
  meadow: string;
  rock: string;
  snow: string;
  water: string;
  deep: string;
  pine: string;
  leaf: string;
  sand: string;
  flower: string;
  cloud: string;
  night: boolean;
  landscape?: Landscape;
}

const day = {
  rock: "#9c9488",
  snow: "#f6f8fa",
  pine: "#3f7a55",
  leaf: "#8cc04f",
  sand: "#d8c79a",
  flower: "#f3e7a1",
};

export const PALETTES: Record<string, Palette> = {
  dawn: {
    name: "dawn",
    skyTop: "#5d7fbd",
    skyLow: "#ffd3a6",
    fog: "#f2cdb2",
    sun: "#ffb877",
    sunAt: [-70, 30, -50],
    sunPower: 3.5,
    ambient: "#bcc7ea",
    ambientPower: 2.0,
    grass: "#6a9148",
    meadow: "#adbd63",
    water: "#7fb9d8",
    deep: "#285d7c",
    cloud: "#fff0e2",
    night: false,
    ...day,
  },
  noon: {
    name: "noon",
    skyTop: "#3a80d4",
    skyLow: "#cfe8f8",
    fog: "#d5e7ef",
    sun: "#fff6e0",
    sunAt: [45, 90, -30],
    sunPower: 2.5,
    ambient: "#cfdff2",
    ambientPower: 1.5,
    grass: "#568f3f",
    meadow: "#98c05a",
    water: "#62b8ea",
    deep: "#1d6a96",
    cloud: "#ffffff",
    night: false,
    ...day,
  },
  dusk: {
    name: "dusk",
    skyTop: "#3d3b7d",
    skyLow: "#ff9d6c",
    fog: "#bd8a92",
    sun: "#ff7d4d",
    sunAt: [80, 20, -36],
    sunPower: 2.7,
    ambient: "#a99fd0",
    ambientPower: 2.5,
    grass: "#627d48",
    meadow: "#9a9557",
    water: "#8e9cd2",
    deep: "#3a3f74",
    cloud: "#ffb896",
    night: false,
    ...day,
  },
  night: {
    name: "night",
    skyTop: "#060b1f",
    skyLow: "#26386a",
    fog: "#182546",
    sun: "#a9c1ff",
    sunAt: [-40, 60, -50],
    sunPower: 2.6,
    ambient: "#6f86c4",
    ambientPower: 2.9,
    grass: "#446a52",
    meadow: "#5a7a62",
    water: "#5b89cf",
    deep: "#0d1c3d",
    cloud: "#3a4a74",
    night: true,
    ...day,
    rock: "#565d6c",
    snow: "#c7d3ea",
    pine: "#21403a",
    leaf: "#3f6640",
    sand: "#6c6a66",
    flower: "#8f8fb5",
  },
};

// How far grass, leaves and flowers go towards a season's colours.
const SEASONS: Record<string, { grass: string; leaf: string; flower: string; much: number }> = {
  spring: { grass: "#79b24a", leaf: "#a6d65f", flower: "#ff9fc4", much: 0.25 },
  summer: { grass: "#568f3f", leaf: "#7db445", flower: "#f3e7a1", much: 0.12 },
  autumn: { grass: "#a08a3f", leaf: "#dd7f2c", flower: "#c8532e", much: 0.62 },
  winter: { grass: "#cfd8dc", leaf: "#b9a48d", flower: "#f4f8fb", much: 0.72 },
};

const hex = (colour: THREE.Color): string => `#${colour.getHexString()}`;

/** The colours of a time of day in a landscape, and in a season. */
export function paletteOf(
  look: string,
  season: Scene["season"],
  landscape: Landscape = LANDSCAPES.valley,
): Palette {
  const of = PALETTES[look] ?? PALETTES.dawn;
  const towards = (from: string, to: string, much: number): string => {
    const colour = new THREE.Color(to).multiplyScalar(of.night ? 0.35 : 1);
    return hex(new THREE.Color(from).lerp(colour, much));
  };
  const p: Palette = { ...of, landscape };
  const sky = of.night ? 0 : 0.35; // the sky takes less of a landscape's colours than the land
  for (const name of Object.keys(landscape.tint) as (keyof Landscape["tint"])[]) {
    const share = name === "fog" || name === "skyLow" ? sky : 1;
    p[name] = towards(of[name], landscape.tint[name] ?? of[name], share * landscape.much);
  }
  if (!season) return p;
  const s = SEASONS[season];
  return {
    ...p,
    grass: towards(p.grass, s.grass, s.much),
    meadow: towards(p.meadow, s.grass, s.much),
    leaf: towards(p.leaf, s.leaf, s.much),
    flower: towards(p.flower, s.flower, s.much),
  };
}

const WORDS: [string, RegExp][] = [
  ["night", /night|moon|star|夜|月/i],
  ["dusk", /dusk|sunset|evening|autumn|changing weather|storm|melanchol|黄昏|傍晚|秋|日落|风雨/i],
  ["noon", /noon|midday|day\b|summer|bright|clear|sunny|quiet|正午|中午|白天|夏|晴|明亮/i],
  ["dawn", /dawn|sunrise|morning|spring|soft|calm|黎明|清晨|早晨|春|日出/i],
];

export const named = (style: string, near = ""): string =>
  WORDS.find(([, word]) => word.test(style))?.[0] ?? (near || "dawn");

/** The look after another one, round and round. */
export function nextLook(look: string): string {
  const all = Object.keys(PALETTES);
  return all[(all.indexOf(look) + 1) % all.length];
}
