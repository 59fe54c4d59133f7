// What if: sliders and choices for a row that nobody is, the answer at once, and what each input added to it.
import { useWords } from "../i18n/words";
import type { WhatIfAnswer, WhatIfForm, WhatIfInput } from "../state/consoleWire";
import { Bars } from "./Plot";
import { showUnit } from "./units";
import {
  answerText,
  isRanged,
  sharesOf,
  slid,
  useWhatIf,
  type Ranged,
  type Value,
} from "./useWhatIf";

const SHARES = 6; // inputs whose shares are shown

export function WhatIf({ service }: { service: string }) {
  const t = useWords();
  const { form, row, answer, first, fault, put } = useWhatIf(service);
  if (!form) return <p>{fault || t("Opening the desk…")}</p>;
  return (
    <div className="whatif">
      <Answer form={form} answer={answer} />
      {first && answer && !answer.number && first !== answer && (
        <p>
          <small>{t("it began at {}", answerText(first))}</small>
        </p>
      )}
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
      {answer && <Shares answer={answer} />}
      <div className="inputs">
        {form.inputs.map((input) => (
          <InputField
            key={input.name}
            input={input}
            value={row[input.name] ?? null}
            onValue={(value) => put(input.name, value)}
          />
        ))}
      </div>
    </div>
  );
}

function Answer({ form, answer }: { form: WhatIfForm; answer: WhatIfAnswer | null }) {
  const t = useWords();
  if (!answer)
    return (
      <p className="answer" aria-live="polite">
        …
      </p>
    );
  return (
    <p className="answer" aria-live="polite">
      <small>{form.predict}</small> <b>{answerText(answer)}</b> <small>{answer.version}</small>
      {answer.beside && (
        <>
          <br />
          <small>{t("the version coming in says")}</small> <b>{answerText(answer.beside)}</b>{" "}
          <small>{answer.beside.version}</small>
        </>
      )}
    </p>
  );
}

function Shares({ answer }: { answer: WhatIfAnswer }) {
  const t = useWords();
  const shares = sharesOf(answer).slice(0, SHARES);
  if (shares.length === 0) return null;
  return (
    <Bars
      label={t("What each input added, in points")}
      values={shares.map(([name, share]) => [name, answer.number ? share / 100 : share])}
    />
  );
}

/** A figure without what a slider cannot show. */
const rounded = (value: number): string => String(Number(value.toPrecision(6)));

interface FieldProps<T extends WhatIfInput = WhatIfInput> {
  input: T;
  value: Value;
  onValue: (value: Value) => void;
}

function InputField({ input, value, onValue }: FieldProps) {
  const t = useWords();
  return (
    <label>
      <span>
        {input.name}
        {input.unit ? `, ${showUnit(input.unit)}` : ""}
        {typeof input.low === "number" && (
          <output> {typeof value === "number" ? rounded(value) : (value ?? t("not given"))}</output>
        )}
      </span>
      <Control input={input} value={value} onValue={onValue} />
    </label>
  );
}

function Control({ input, value, onValue }: FieldProps) {
  const t = useWords();
  if (isRanged(input)) return <Slider input={input} value={value} onValue={onValue} />;
  if (input.choices) return <Choice input={input} value={value} onValue={onValue} />;
  return (
    <input
      value={String(value ?? "")}
      maxLength={2000}
      placeholder={input.private ? t("private: no example is shown") : t("in words")}
      onChange={(e) => onValue(e.target.value || null)}
    />
  );
}

function Slider({ input, value, onValue }: FieldProps<Ranged>) {
  return (
    <input
      type="range"
      min={input.low}
      max={input.high}
      step={input.whole ? 1 : (input.high - input.low) / 100}
      value={Number(value ?? input.usual ?? input.low)}
      onChange={(e) => onValue(slid(input, Number(e.target.value)))}
    />
  );
}

function Choice({ input, value, onValue }: FieldProps) {
  const t = useWords();
  return (
    <select value={String(value ?? "")} onChange={(e) => onValue(e.target.value || null)}>
      <option value="">{t("not given")}</option>
      {(input.choices ?? []).map((choice) => (
        <option key={choice}>{choice}</option>
      ))}
    </select>
  );
}
