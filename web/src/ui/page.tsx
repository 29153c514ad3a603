import { type ReactNode, useEffect } from "react";
import { classes } from "./classes";

interface Props {
  title: string;
  /** One line below the title. */
  lead?: ReactNode;
  aside?: ReactNode;
  /** Narrow for forms and reading, wide for tables and weeks. */
  width?: "narrow" | "normal" | "wide";
  children: ReactNode;
}

const WIDTHS = { narrow: "max-w-xl", normal: "max-w-4xl", wide: "max-w-7xl" };

/** The document's title, for a page whose title is not `Page`'s. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Bloom Health`;
  }, [title]);
}

/** A page: its title is the document's too, so that it is read out and found in the history. */
export function Page({ title, lead, aside, width = "normal", children }: Props) {
  useTitle(title);
  return (
    <div className={classes("mx-auto grid w-full grid-cols-1 gap-6", WIDTHS[width])}>
      <header className="flex flex-wrap items-end justify-between gap-3">
        <div className="grid gap-1">
          <h1 tabIndex={-1} className="outline-none">
            {title}
          </h1>
          {lead && <p className="text-ink-soft">{lead}</p>}
        </div>
        {aside}
      </header>
      {children}
    </div>
  );
}
