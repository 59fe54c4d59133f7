// The Chinese catalogue of all pages.
import { CONSOLE } from "./console";
import { WORLD } from "./world";

export const ZH: Record<string, string> = { ...CONSOLE, ...WORLD };
