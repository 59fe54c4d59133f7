// Stands for the emulator's rooms, which the bundle leaves out.
export class DevUI {}
export class SyntheticEnvironmentModule {}
