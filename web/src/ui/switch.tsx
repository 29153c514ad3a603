import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "./classes";

interface Props extends Omit<ComponentProps<"input">, "type" | "size"> {
  label: ReactNode;
  hint?: ReactNode;
}

/** On or off, at once: a checkbox that looks like a switch and says so to screen readers. */
export function Switch({ label, hint, className, ...rest }: Props) {
  const id = useId();
  return (
    <div className={classes("flex min-h-11 items-center justify-between gap-4", className)}>
      <div className="grid gap-0.5">
        <label htmlFor={id} className="font-semibold">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-sm text-ink-soft">
            {hint}
          </p>
        )}
      </div>
      <span className="relative inline-flex h-7 w-12 shrink-0">
        <input
          {...rest}
          id={id}
          type="checkbox"
          role="switch"
          aria-checked={rest.checked}
          aria-describedby={hint ? `${id}-hint` : undefined}
          className="peer absolute inset-0 size-full appearance-none rounded-full border border-line-strong bg-raised transition-colors before:absolute before:-inset-2 checked:border-leaf checked:bg-leaf disabled:opacity-60"
        />
        <span
          aria-hidden
          className="pointer-events-none absolute top-1 left-1 size-5 rounded-full bg-line-strong transition-transform duration-150 ease-calm peer-checked:translate-x-5 peer-checked:bg-on-leaf"
        />
      </span>
    </div>
  );
}
