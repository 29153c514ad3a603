import { type ReactNode, useId } from "react";
import { classes } from "./classes";

interface Props<Value extends string> {
  legend: ReactNode;
  name: string;
  value: Value | null;
  onChange: (value: Value) => void;
  fault?: ReactNode;
  choices: readonly { value: Value; title: ReactNode; hint: ReactNode; picture?: ReactNode }[];
}

/** One of a few, each a card with what it means: radio buttons at heart. */
export function ChoiceCards<Value extends string>({
  legend,
  name,
  value,
  onChange,
  fault,
  choices,
}: Props<Value>) {
  const id = useId();
  return (
    <fieldset aria-describedby={fault ? `${id}-fault` : undefined}>
      <legend className="mb-2 font-semibold">{legend}</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        {choices.map((choice) => (
          <label
            key={choice.value}
            className={classes(
              "flex cursor-pointer gap-3 rounded-card border p-4 transition-colors duration-150 ease-calm",
              "has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus",
              value === choice.value
                ? "border-leaf bg-leaf-soft"
                : "border-line-strong bg-surface hover:bg-raised",
            )}
          >
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={value === choice.value}
              onChange={() => onChange(choice.value)}
              aria-describedby={`${id}-${choice.value}`}
              className="mt-1 size-4.5 shrink-0 accent-leaf outline-none"
            />
            <span className="grid gap-1">
              <span className="flex items-center gap-2 font-semibold">
                {choice.picture}
                {choice.title}
              </span>
              <span id={`${id}-${choice.value}`} className="text-sm text-ink-soft">
                {choice.hint}
              </span>
            </span>
          </label>
        ))}
      </div>
      {fault && (
        <p id={`${id}-fault`} className="mt-2 text-sm font-semibold text-petal">
          {fault}
        </p>
      )}
    </fieldset>
  );
}
