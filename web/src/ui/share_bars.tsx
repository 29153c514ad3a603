/** Shares from 0 to 1 as bars, with the number beside each: a picture that is also text. */
import { classes } from "./classes";

interface Props {
  /** What the bars are of; read out before them. */
  name: string;
  shares: readonly { name: string; value: number; words: string; marked?: boolean }[];
}

export function ShareBars({ name, shares }: Props) {
  return (
    <dl aria-label={name} className="grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-1.5">
      {shares.map((share) => (
        <div key={share.name} className="col-span-3 grid grid-cols-subgrid items-center">
          <dt className={classes("text-sm", share.marked && "font-bold")}>{share.name}</dt>
          <dd aria-hidden className="h-2.5 overflow-hidden rounded-full bg-raised">
            <div
              className={classes("h-full rounded-full", share.marked ? "bg-leaf" : "bg-line-strong")}
              style={{ width: `${Math.round(share.value * 1000) / 10}%` }}
            />
          </dd>
          <dd className="text-sm tabular-nums">{share.words}</dd>
        </div>
      ))}
    </dl>
  );
}
