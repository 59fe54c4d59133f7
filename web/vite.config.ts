import { cpSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const out = resolve(import.meta.dirname, "../src/mesocosm/web");
// Four controller profiles, so that no headset asks a public server for its hands.
const profiles = [
  "generic-hand",
  "generic-trigger-squeeze-thumbstick",
  "meta-quest-touch-plus",
  "oculus-touch-v3",
];

export default defineConfig({
  base: "/",
  resolve: {
    alias: {
      "@iwer/devui": resolve(import.meta.dirname, "src/xr/noEmulatorUi.ts"),
      "@iwer/sem": resolve(import.meta.dirname, "src/xr/noEmulatorUi.ts"),
    },
  },
  build: { outDir: out, emptyOutDir: true, chunkSizeWarningLimit: 3000 },
  plugins: [
    react(),
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
