// What a service would say of a row that nobody is: its form, the row as it stands, and the answers.
import { useEffect, useRef, useState } from "react";
import { sayNow as t } from "../i18n/words";
import type { WhatIfAnswer, WhatIfForm, WhatIfInput } from "../state/consoleWire";
import { call } from "../state/live";

export type Value = string | number | null;
export type Row = Record<string, Value>;
const PAUSE_MS = 140; // after the last change, before the service is asked
const STEPS = 10; // that a nudge makes of a range

interface Told {
  answer: WhatIfAnswer | null;
  first: WhatIfAnswer | null; // what was said of the row as it is usual
  fault: string;
}

const NOTHING: Told = { answer: null, first: null, fault: "" };

/** The form of a service. Nothing is asked where no service is named. */
function useForm(service: string | null, onForm: (form: WhatIfForm) => void) {
  const [form, setForm] = useState<{ service: string; form: WhatIfForm } | null>(null);
  const [fault, setFault] = useState("");
  const heard = useRef(onForm);
  useEffect(() => {
    heard.current = onForm;
  });
  useEffect(() => {
    if (!service) return;
    let mine = true; // a form that comes after another service was asked for is not shown
    void call<WhatIfForm>(`/v1/services/${service}/what-if`).then(
      (found) => {
        if (!mine) return;
        heard.current(found);
        setForm({ service, form: found });
        setFault("");
      },
      (error: Error) => {
        if (mine) setFault(error.message);
      },
    );
    return () => {
      mine = false;
      setForm(null);
      setFault("");
    };
  }, [service]);
  return { form: form && form.service === service ? form.form : null, fault };
}

export function useWhatIf(service: string | null) {
  const [row, setRow] = useState<Row>({});
  const [touched, setTouched] = useState(false);
  const [told, setTold] = useState<Told>(NOTHING);
  const asked = useRef(0);
  const begin = (found: WhatIfForm) => {
    asked.current++;
    setTold(NOTHING);
    setTouched(false);
    setRow(Object.fromEntries(found.inputs.map((i) => [i.name, i.usual ?? null])));
  };
  const { form, fault } = useForm(service, begin);
  useEffect(() => {
    if (!service || !form || (!form.ready && !touched)) return; // what is usual is no whole row, and nobody has said anything yet
    const number = ++asked.current;
    const keep = (change: (old: Told) => Told) => {
      if (number === asked.current) setTold(change);
    };
    const timer = window.setTimeout(() => {
      void call<WhatIfAnswer>(`/v1/services/${service}/what-if`, row).then(
        (answer) => keep((old) => ({ answer, first: old.first ?? answer, fault: "" })),
        (error: Error) => keep((old) => ({ ...old, fault: error.message })),
      );
    }, PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [form, row, service, touched]);
  const put = (name: string, value: Value) => {
    setTouched(true);
    setRow((old) => ({ ...old, [name]: value }));
  };
  const { answer, first, fault: refusal } = form ? told : NOTHING;
  return { form, row, answer, first, fault: fault || refusal, put };
}

/** An answer in words. */
export function answerText(answer: WhatIfAnswer): string {
  if (answer.number) return `${answer.value?.toFixed(1) ?? ""}`;
  return `${answer.label}${t(", ")}${(100 * (answer.probability ?? 0)).toFixed(1)} %`;
}

/** What each input added, the largest first. */
export const sharesOf = (answer: WhatIfAnswer): [string, number][] =>
  Object.entries(answer.inputs).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));

export type Ranged = WhatIfInput & { low: number; high: number };

/** Whether an input is a figure within a range. */
export const isRanged = (input: WhatIfInput): input is Ranged =>
  typeof input.low === "number" && typeof input.high === "number" && input.high > input.low;

const rounded = (input: WhatIfInput, value: number): number =>
  input.whole ? Math.round(value) : Math.round(value * 100) / 100;

/** What a slider says of a figure. */
export const slid = (input: WhatIfInput, value: number): number =>
  input.whole ? value : rounded(input, value);

/** The value of an input one step up or down; choices go round. */
export function nudged(input: WhatIfInput, now: Value | undefined, by: 1 | -1): Value {
  const value = now ?? input.usual ?? null;
  if (input.choices) {
    const at = input.choices.indexOf(String(value ?? ""));
    return input.choices[(at + by + input.choices.length) % input.choices.length];
  }
  if (!isRanged(input)) return value;
  const step = (by * (input.high - input.low)) / STEPS;
  const next = Number(value ?? input.low) + step;
  return rounded(input, Math.max(input.low, Math.min(input.high, next)));
}
