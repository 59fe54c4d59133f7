// What the linter asks of web/src: typescript-eslint's strict rules, the rules of hooks, and code in small named parts.
import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig } from "eslint/config";
import typescript from "typescript-eslint";

export default defineConfig(
  { ignores: ["node_modules"] },
  js.configs.recommended,
  typescript.configs.strict,
  hooks.configs.flat.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
      "no-nested-ternary": "error",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "react-hooks/exhaustive-deps": "error",
      // Objects of three.js are changed in each frame, and what the compiler would make of that is not used here.
      "react-hooks/immutability": "off",
    },
  },
  { files: ["src/state/consoleWire.ts"], rules: { "max-lines": "off" } }, // generated
);
