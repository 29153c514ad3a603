import { useTranslation } from "react-i18next";
import { classes } from "@/ui/classes";
import { shareInWords } from "./figures";

interface Row {
  name: string;
  value: number;
  lower: number;
  upper: number;
  marked?: boolean;
}

const percent = (share: number) => `${Math.round(share * 1000) / 10}%`;

/** Shares from 0 to 1 as points with the interval in which they lie; the numbers stand beside each. */
export function IntervalBars({ name, rows }: { name: string; rows: readonly Row[] }) {
  const { t } = useTranslation("admin");
  return (
    <dl aria-label={name} className="grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-2">
      {rows.map((row) => (
        <div key={row.name} className="col-span-3 grid grid-cols-subgrid items-center">
          <dt className={classes("text-sm", row.marked && "font-bold")}>{row.name}</dt>
          <dd aria-hidden className="relative h-4 rounded-full bg-raised">
            <span
              className={classes(
                "absolute inset-y-1 rounded-full",
                row.marked ? "bg-leaf/50" : "bg-line-strong/50",
              )}
              style={{ left: percent(row.lower), width: percent(row.upper - row.lower) }}
            />
            <span
              className={classes(
                "absolute inset-y-0 w-1 -translate-x-1/2 rounded-full",
                row.marked ? "bg-leaf" : "bg-ink-soft",
              )}
              style={{ left: percent(row.value) }}
            />
          </dd>
          <dd className="text-sm tabular-nums">
            {t("models.change", {
              value: shareInWords(row.value),
              lower: shareInWords(row.lower),
              upper: shareInWords(row.upper),
            })}
          </dd>
        </div>
      ))}
    </dl>
  );
}
