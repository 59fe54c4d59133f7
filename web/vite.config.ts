import { cpSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const out = resolve(import.meta.dirname, "../src/mesocosm/web");
const FONTS = [
  ["@fontsource/inter", "inter"],
  ["@fontsource-variable/noto-sans-sc", "noto-sans-sc"],
];
// Four controller profiles, so that no headset asks a public server for its hands.
const profiles = [
  "generic-hand",
  "generic-trigger-squeeze-thumbstick",
  "meta-quest-touch-plus",
  "oculus-touch-v3",
];

/** Leaves out the older form of each font: every browser that draws the page reads woff2. */
const onlyWoff2: Plugin = {
  name: "only-woff2",
  enforce: "pre",
  transform(code, id) {
    if (!/fontsource.*\.css/.test(id)) return null;
    return code.replaceAll(/,\s*url\([^)]*\.woff\)\s*format\(["']woff["']\)/g, "");
  },
};

export default defineConfig({
  base: "/",
  resolve: {
    alias: {
      "@iwer/devui": resolve(import.meta.dirname, "src/xr/noEmulatorUi.ts"),
      "@iwer/sem": resolve(import.meta.dirname, "src/xr/noEmulatorUi.ts"),
    },
  },
  build: {
    outDir: out,
    emptyOutDir: true,
    chunkSizeWarningLimit: 3000,
    assetsInlineLimit: (file) => (file.endsWith(".woff2") ? false : undefined), // the page's policy allows none from data:
  },
  plugins: [
    react(),
    onlyWoff2,
    {
      name: "font-licences",
      closeBundle() {
        for (const [font, name] of FONTS)
          cpSync(
            resolve(import.meta.dirname, `node_modules/${font}/LICENSE`),
            resolve(out, `assets/${name}-LICENSE.txt`),
          );
      },
    },
    {
      name: "controller-profiles",
      closeBundle() {
        const from = resolve(
          import.meta.dirname,
          "node_modules/@webxr-input-profiles/assets/dist/profiles",
        );
        mkdirSync(resolve(out, "profiles"), { recursive: true });
        cpSync(resolve(from, "profilesList.json"), resolve(out, "profiles/profilesList.json"));
        for (const name of profiles)
          cpSync(resolve(from, name), resolve(out, "profiles", name), { recursive: true });
      },
    },
  ],
});
