// The sound of the valley, made on the page: running water, wind while inputs drift, rain while requests fail. Off until it is asked for.
import { useEffect, useRef, useState } from "react";
import { useWords } from "../i18n/words";
import type { Scene } from "../state/wire";

interface Sounds { context: AudioContext; water: GainNode; wind: GainNode; rain: GainNode }

function open(): Sounds {
  const context = new AudioContext(), long = context.sampleRate * 4, noise = context.createBuffer(1, long, context.sampleRate), data = noise.getChannelData(0);
  let last = 0;
  for (let i = 0; i < long; i++) { last = 0.97 * last + 0.03 * (Math.random() * 2 - 1); data[i] = last * 6; }
  const voice = (type: BiquadFilterType, at: number, q: number): GainNode => {
    const source = context.createBufferSource(), filter = context.createBiquadFilter(), gain = context.createGain();
    source.buffer = noise; source.loop = true; filter.type = type; filter.frequency.value = at; filter.Q.value = q; gain.gain.value = 0;
    source.connect(filter).connect(gain).connect(context.destination); source.start(0, Math.random() * 3);
    return gain;
  };
  return { context, water: voice("bandpass", 900, 0.7), wind: voice("lowpass", 320, 3), rain: voice("highpass", 2600, 0.4) };
}

export function Sound({ scene }: { scene: Scene }) {
  const t = useWords();
  const [on, set] = useState(false);
  const sounds = useRef<Sounds | null>(null);
  const some = (kind: string) => scene.elements.some((e) => e.weather.some((w) => w === kind));
  const wind = some("wind"), rain = some("rain") || some("lightning");
  useEffect(() => {
    if (!on) { void sounds.current?.context.suspend(); return; }
    sounds.current ??= open();
    const { context, ...v } = sounds.current;
    void context.resume();
    v.water.gain.setTargetAtTime(0.09, context.currentTime, 0.6);
    v.wind.gain.setTargetAtTime(wind ? 0.5 : 0.06, context.currentTime, 0.8);
    v.rain.gain.setTargetAtTime(rain ? 0.3 : 0, context.currentTime, 0.8);
  }, [on, wind, rain]);
  useEffect(() => () => void sounds.current?.context.close(), []);
  return <button onClick={() => set((v) => !v)} aria-pressed={on}>{t("Sound")}</button>;
}
