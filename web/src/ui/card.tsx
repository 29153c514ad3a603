import type { ComponentProps, ReactNode } from "react";
import { classes } from "./classes";

interface Props extends Omit<ComponentProps<"section">, "title"> {
  title?: ReactNode;
  /** What stands beside the title, as a button. */
  aside?: ReactNode;
}

/** A quiet surface for what belongs together. */
export function Card({ title, aside, className, children, ...rest }: Props) {
  return (
    <section className={classes("card", className)} {...rest}>
      {(title || aside) && (
        <div className="mb-4 flex flex-wrap items-center justify-between gap-2">
          {title && <h2>{title}</h2>}
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}
