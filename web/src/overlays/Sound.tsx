// The sound of the valley, made on the page: running water, wind while inputs drift, rain while requests fail. Off until it is asked for.
import { useEffect, useRef, useState } from "react";
import { useWords } from "../i18n/words";
import type { Scene } from "../state/wire";

interface Sounds {
  context: AudioContext;
  water: GainNode;
  wind: GainNode;
  rain: GainNode;
}

const LONG = 4; // seconds of noise

/** Noise with more low tones than high ones. */
function noiseOf(context: AudioContext): AudioBuffer {
  const long = context.sampleRate * LONG;
  const noise = context.createBuffer(1, long, context.sampleRate);
  let last = 0;
  const samples = Float32Array.from({ length: long }, () => {
    last = 0.97 * last + 0.03 * (Math.random() * 2 - 1);
    return last * 6;
  });
  noise.copyToChannel(samples, 0);
  return noise;
}

function open(): Sounds {
  const context = new AudioContext();
  const noise = noiseOf(context);
  const voice = (type: BiquadFilterType, frequency: number, Q: number): GainNode => {
    const source = new AudioBufferSourceNode(context, { buffer: noise, loop: true });
    const filter = new BiquadFilterNode(context, { type, frequency, Q });
    const gain = new GainNode(context, { gain: 0 });
    source.connect(filter).connect(gain).connect(context.destination);
    source.start(0, Math.random() * (LONG - 1));
    return gain;
  };
  return {
    context,
    water: voice("bandpass", 900, 0.7),
    wind: voice("lowpass", 320, 3),
    rain: voice("highpass", 2600, 0.4),
  };
}

export function Sound({ scene }: { scene: Scene }) {
  const t = useWords();
  const [on, setOn] = useState(false);
  const sounds = useRef<Sounds | null>(null);
  const has = (...kinds: string[]) =>
    scene.elements.some((e) => e.weather.some((w) => kinds.includes(w)));
  const wind = has("wind");
  const rain = has("rain", "lightning");
  useEffect(() => {
    if (!on) {
      void sounds.current?.context.suspend();
      return;
    }
    sounds.current ??= open();
    const { context, ...voices } = sounds.current;
    void context.resume();
    voices.water.gain.setTargetAtTime(0.09, context.currentTime, 0.6);
    voices.wind.gain.setTargetAtTime(wind ? 0.5 : 0.06, context.currentTime, 0.8);
    voices.rain.gain.setTargetAtTime(rain ? 0.3 : 0, context.currentTime, 0.8);
  }, [on, wind, rain]);
  useEffect(() => () => void sounds.current?.context.close(), []);
  return (
    <button onClick={() => setOn((old) => !old)} aria-pressed={on}>
      {t("Sound")}
    </button>
  );
}
