import type { ReactNode } from "react";
import { classes } from "./classes";

const TONES = {
  plain: "bg-raised text-ink",
  good: "bg-leaf-soft text-ink",
  warm: "bg-sun-soft text-ink",
  grave: "bg-petal-soft text-ink",
};

/** A word about a state; never the colour alone. */
export function Badge({ tone = "plain", children }: { tone?: keyof typeof TONES; children: ReactNode }) {
  return (
    <span className={classes("inline-block rounded-full px-2.5 py-0.5 text-sm font-semibold", TONES[tone])}>
      {children}
    </span>
  );
}
