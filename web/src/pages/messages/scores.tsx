/** What a model says of a text, in words and bars; a bar only repeats the number beside it. */
import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { Badge } from "@/ui/badge";
import { classes } from "@/ui/classes";

export type Label = Shape<"Label">;

/** In the order of the catalogue's keys 1 to 7. */
export const LABELS: readonly Label[] = [
  "Anxiety",
  "Bipolar",
  "Depression",
  "Normal",
  "Personality disorder",
  "Stress",
  "Suicidal",
];

const RISK_TONES = { none: "plain", low: "plain", raised: "warm", high: "grave" } as const;
export type RiskLevel = keyof typeof RISK_TONES;

export function RiskBadge({ level }: { level: string }) {
  const { t } = useTranslation("messages");
  const known = level in RISK_TONES ? (level as RiskLevel) : "none";
  return <Badge tone={RISK_TONES[known]}>{t(`risk.${known}`)}</Badge>;
}

export const percent = (part: number) => Math.round(part * 100);

export function Scores({ scores, label }: { scores: Readonly<Record<string, number>>; label: string }) {
  const { t } = useTranslation("messages");
  const sorted = LABELS.map((name) => ({ name, score: scores[name] ?? 0 })).sort((a, b) => b.score - a.score);
  return (
    <ul className="grid gap-1 text-sm" aria-label={t("analysis.scores")}>
      {sorted.map(({ name, score }) => (
        <li key={name} className="grid grid-cols-[minmax(0,1fr)_4.5rem_2.75rem] items-center gap-2">
          <span className={classes("truncate", name === label && "font-bold")}>{t(`label.${name}`)}</span>
          <span className="h-2 overflow-hidden rounded-full bg-raised" aria-hidden>
            <span
              className={classes("block h-full rounded-full", name === label ? "bg-leaf" : "bg-line-strong")}
              style={{ width: `${percent(score)}%` }}
            />
          </span>
          <span className="text-right tabular-nums">{percent(score)} %</span>
        </li>
      ))}
    </ul>
  );
}
