// Looks: light, sky, land and water for a time of day, picked from the words of the style.
export interface Palette {
  name: string;
  skyTop: string; skyLow: string; fog: string; sun: string; sunAt: [number, number, number]; sunPower: number;
  ambient: string; ambientPower: number; grass: string; meadow: string; rock: string; snow: string; water: string; pine: string; leaf: string;
  night: boolean;
}

const day = { rock: "#a39b8c", snow: "#f4f6f8", pine: "#4f8560", leaf: "#93c258" };

export const PALETTES: Record<string, Palette> = {
  dawn: { name: "dawn", skyTop: "#5f7fb5", skyLow: "#ffcfa3", fog: "#f0c8ad", sun: "#ffb877", sunAt: [-70, 26, -60], sunPower: 3.4, ambient: "#b9c3e6", ambientPower: 2.2, grass: "#6f8f4e", meadow: "#a8b765", water: "#6db4d6", night: false, ...day },
  noon: { name: "noon", skyTop: "#3f84d6", skyLow: "#cfe7f7", fog: "#d3e5ee", sun: "#fff6e0", sunAt: [40, 90, -20], sunPower: 3.2, ambient: "#dfe9f5", ambientPower: 2.3, grass: "#5d9145", meadow: "#9abf5e", water: "#5cb3e6", night: false, ...day },
  dusk: { name: "dusk", skyTop: "#3c3a78", skyLow: "#ff9a6b", fog: "#b98690", sun: "#ff7d4d", sunAt: [80, 18, 10], sunPower: 3.0, ambient: "#a08fc0", ambientPower: 2.0, grass: "#647a4b", meadow: "#94915a", water: "#7c93d0", night: false, ...day },
  night: { name: "night", skyTop: "#070d22", skyLow: "#23345c", fog: "#1a2745", sun: "#a9c1ff", sunAt: [-40, 60, -50], sunPower: 2.4, ambient: "#4a5f96", ambientPower: 2.4, grass: "#3c5747", meadow: "#4c6650", water: "#4f7fc4", night: true, ...day, rock: "#59606f", snow: "#c7d3ea", pine: "#233f3b", leaf: "#3c5a40" },
};

const WORDS: [string, RegExp][] = [
  ["night", /night|moon|star|夜|月/i],
  ["dusk", /dusk|sunset|evening|autumn|黄昏|傍晚|秋/i],
  ["noon", /noon|midday|summer|bright|正午|夏/i],
  ["dawn", /dawn|sunrise|morning|spring|黎明|清晨|春/i],
];

export const named = (style: string): string => WORDS.find(([, word]) => word.test(style))?.[0] ?? "dawn";
