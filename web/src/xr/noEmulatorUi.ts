// Stands for the emulator's panel and rooms, which the bundle leaves out.
export function DevUI(): void {
  /* shows nothing */
}
export function SyntheticEnvironmentModule(): void {
  /* has no room */
}
