import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "./classes";

const CONTROL =
  "w-full rounded-control border border-line-strong bg-surface px-3 py-2 min-h-11 text-ink placeholder:text-ink-soft aria-invalid:border-petal disabled:bg-raised disabled:text-ink-soft";

interface Around {
  label: ReactNode;
  hint?: ReactNode;
  /** What is wrong with it, in words; tied to the control for who cannot see it. */
  fault?: ReactNode;
  /** Show the label to screen readers only. */
  hideLabel?: boolean;
}

function Labelled({
  id,
  label,
  hint,
  fault,
  hideLabel,
  children,
  className,
}: Around & { id: string; children: ReactNode; className?: string }) {
  return (
    <div className={classes("grid gap-1.5", className)}>
      <label htmlFor={id} className={hideLabel ? "sr-only" : "font-semibold"}>
        {label}
      </label>
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-ink-soft">
          {hint}
        </p>
      )}
      {children}
      {fault && (
        <p id={`${id}-fault`} className="text-sm font-semibold text-petal">
          {fault}
        </p>
      )}
    </div>
  );
}

function described(id: string, { hint, fault }: Around) {
  return [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined;
}

/** One line of text with its label, hint and fault. */
export function Field({
  label,
  hint,
  fault,
  hideLabel,
  className,
  ...rest
}: Around & ComponentProps<"input">) {
  const given = useId();
  const id = rest.id ?? given;
  const around = { label, hint, fault, hideLabel };
  return (
    <Labelled id={id} {...around} className={className}>
      <input
        {...rest}
        id={id}
        className={CONTROL}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described(id, around)}
      />
    </Labelled>
  );
}

/** Several lines of text. */
export function TextArea({
  label,
  hint,
  fault,
  hideLabel,
  className,
  ...rest
}: Around & ComponentProps<"textarea">) {
  const given = useId();
  const id = rest.id ?? given;
  const around = { label, hint, fault, hideLabel };
  return (
    <Labelled id={id} {...around} className={className}>
      <textarea
        rows={4}
        {...rest}
        id={id}
        className={CONTROL}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described(id, around)}
      />
    </Labelled>
  );
}

/** One of several; the browser's own list, which works with every keyboard and reader. */
export function Select({
  label,
  hint,
  fault,
  hideLabel,
  className,
  children,
  ...rest
}: Around & ComponentProps<"select">) {
  const given = useId();
  const id = rest.id ?? given;
  const around = { label, hint, fault, hideLabel };
  return (
    <Labelled id={id} {...around} className={className}>
      <select
        {...rest}
        id={id}
        className={CONTROL}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described(id, around)}
      >
        {children}
      </select>
    </Labelled>
  );
}

/** Yes or no, with its label beside it. */
export function Tick({
  label,
  hint,
  fault,
  className,
  ...rest
}: Omit<Around, "hideLabel"> & ComponentProps<"input">) {
  const given = useId();
  const id = rest.id ?? given;
  const around = { label, hint, fault };
  return (
    <div className={classes("grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5", className)}>
      <input
        type="checkbox"
        {...rest}
        id={id}
        className="mt-0.5 size-5 accent-leaf"
        aria-invalid={fault ? true : undefined}
        aria-describedby={described(id, around)}
      />
      <label htmlFor={id} className="font-semibold">
        {label}
      </label>
      {hint && (
        <p id={`${id}-hint`} className="col-start-2 text-sm text-ink-soft">
          {hint}
        </p>
      )}
      {fault && (
        <p id={`${id}-fault`} className="col-start-2 text-sm font-semibold text-petal">
          {fault}
        </p>
      )}
    </div>
  );
}
