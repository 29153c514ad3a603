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

interface Tied {
  id: string;
  className: string;
  "aria-invalid": true | undefined;
  "aria-describedby": string | undefined;
}

/** What ties a control to its hint and its fault. */
function tied(id: string, { hint, fault }: Pick<Around, "hint" | "fault">): Omit<Tied, "className"> {
  return {
    id,
    "aria-invalid": fault ? true : undefined,
    "aria-describedby": [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined,
  };
}

function Labelled({
  id: given,
  label,
  hint,
  fault,
  hideLabel,
  className,
  children,
}: Around & { id?: string; className?: string; children: (control: Tied) => ReactNode }) {
  const own = useId();
  const id = given ?? own;
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
      {children({ ...tied(id, { hint, fault }), className: CONTROL })}
      {fault && (
        <p id={`${id}-fault`} className="text-sm font-semibold text-petal">
          {fault}
        </p>
      )}
    </div>
  );
}

/** A control's own properties, apart from those of what stands around it. */
function apart<Props extends Around & { id?: string; className?: string }>(props: Props) {
  const { label, hint, fault, hideLabel, id, className, ...control } = props;
  return { around: { label, hint, fault, hideLabel, id, className }, control };
}

/** One line of text with its label, hint and fault. */
export function Field(props: Around & ComponentProps<"input">) {
  const { around, control } = apart(props);
  return <Labelled {...around}>{(ties) => <input {...control} {...ties} />}</Labelled>;
}

/** Several lines of text. */
export function TextArea(props: Around & ComponentProps<"textarea">) {
  const { around, control } = apart(props);
  return <Labelled {...around}>{(ties) => <textarea rows={4} {...control} {...ties} />}</Labelled>;
}

/** One of several; the browser's own list, which works with every keyboard and reader. */
export function Select(props: Around & ComponentProps<"select">) {
  const { around, control } = apart(props);
  return <Labelled {...around}>{(ties) => <select {...control} {...ties} />}</Labelled>;
}

/** Yes or no, with its label beside it. */
export function Tick({
  label,
  hint,
  fault,
  className,
  ...rest
}: Omit<Around, "hideLabel"> & ComponentProps<"input">) {
  const own = useId();
  const id = rest.id ?? own;
  return (
    <div className={classes("grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5", className)}>
      <input type="checkbox" {...rest} {...tied(id, { hint, fault })} className="mt-0.5 size-5 accent-leaf" />
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
