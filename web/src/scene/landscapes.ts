// Landscapes: how high the sides rise, what grows there and in which colours; named by the file's words, English or Chinese. None moves a thing.
export interface Landscape {
  name: string;
  rise: number; // how high the sides and the head are, 1 for mountains
  snowline: number; // share of the height where snow begins; 2 for none
  shore: number; // metres of sand over the water
  woods: number; // share of the trees
  crown: "fir" | "round" | "cypress";
  tint: Partial<
    Record<
      | "grass"
      | "meadow"
      | "rock"
      | "sand"
      | "pine"
      | "water"
      | "deep"
      | "flower"
      | "fog"
      | "skyLow",
      string
    >
  >;
  much: number; // how far colours go there
}

export const LANDSCAPES: Record<string, Landscape> = {
  valley: {
    name: "valley",
    rise: 1,
    snowline: 0.42,
    shore: 1.1,
    woods: 1,
    crown: "fir",
    tint: {},
    much: 0,
  },
  alpine: {
    name: "alpine",
    rise: 1.25,
    snowline: 0.1,
    shore: 0.6,
    woods: 0.75,
    crown: "fir",
    tint: {
      rock: "#8d97a6",
      pine: "#2f5f5a",
      water: "#9fd8ea",
      deep: "#2c6f8f",
      fog: "#e3edf5",
      skyLow: "#e6f1fa",
    },
    much: 0.75,
  },
  coast: {
    name: "coast",
    rise: 0.34,
    snowline: 2,
    shore: 5,
    woods: 0.3,
    crown: "cypress",
    tint: {
      rock: "#cdbb98",
      sand: "#f0e0b4",
      pine: "#4d7f4e",
      water: "#4cc3d6",
      deep: "#0f6f92",
      meadow: "#c2c27a",
      fog: "#d5eaf0",
    },
    much: 0.8,
  },
  desert: {
    name: "desert",
    rise: 0.6,
    snowline: 2,
    shore: 3,
    woods: 0.1,
    crown: "cypress",
    tint: {
      grass: "#d1a967",
      meadow: "#e2c48a",
      rock: "#b4683f",
      sand: "#ecd29a",
      pine: "#7d8a4a",
      flower: "#e8875a",
      fog: "#efd5ae",
      skyLow: "#f6dcb0",
    },
    much: 0.85,
  },
  garden: {
    name: "garden",
    rise: 0.3,
    snowline: 2,
    shore: 0.8,
    woods: 0.7,
    crown: "round",
    tint: {
      grass: "#6fae4b",
      meadow: "#b5d671",
      rock: "#b5a68e",
      pine: "#76ad4a",
      flower: "#ff8fb0",
    },
    much: 0.7,
  },
  lowland: {
    name: "lowland",
    rise: 0.16,
    snowline: 2,
    shore: 1.6,
    woods: 0.55,
    crown: "round",
    tint: {
      grass: "#79965a",
      meadow: "#b7b36b",
      rock: "#93897a",
      pine: "#5f8b5d",
      water: "#88acb9",
      deep: "#3b6577",
      fog: "#dfe3da",
      skyLow: "#e9e4d3",
    },
    much: 0.7,
  },
};

const WORDS: [string, RegExp][] = [
  ["desert", /desert|dunes?|oasis|canyon|savanna|steppe|沙漠|沙丘|绿洲|戈壁|草原/i],
  [
    "coast",
    /harbou?r|port\b|coast|sea\b|seaside|ocean|beach|island|bay\b|lagoon|fjord|海|港|岛|沙滩/i,
  ],
  [
    "garden",
    /garden|park\b|street|market|town|village|city|orchard|meadow|blossom|花园|公园|街|市场|集市|村|镇|城|果园/i,
  ],
  [
    "lowland",
    /canal|lowland|marsh|moor|heath|polder|delta|plain|fen\b|wetland|field|运河|湿地|平原|沼泽|田/i,
  ],
  [
    "alpine",
    /alpine|alps|snow|winter|glacier|arctic|ice\b|icy|frost|mountain|peak|雪|冰|冬|高山|山峰/i,
  ],
];

// What the words name; else what a model that reads found nearest to them.
export const landscapeOf = (style: string, near = ""): Landscape =>
  LANDSCAPES[WORDS.find(([, word]) => word.test(style))?.[0] ?? near] ?? LANDSCAPES.valley;
