import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { Cell, Table } from "@/ui/table";
import { countInWords, shareInWords } from "./figures";

const SIZE = 240;
const EDGE = 34;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

const across = (share: number) => EDGE + share * (SIZE - EDGE - 8);
const up = (share: number) => SIZE - EDGE - share * (SIZE - EDGE - 8);

/** How sure the model was beside how often it was right: on the line where its confidence can be taken at its word. */
export function ReliabilityPicture({ bins }: { bins: readonly Shape<"ReliabilityBin">[] }) {
  const { t } = useTranslation("admin");
  return (
    <div className="grid gap-3">
      <svg
        aria-hidden="true"
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        className="w-full max-w-80 text-ink-soft [&_text]:fill-current [&_text]:text-[9px]"
      >
        {TICKS.map((tick) => (
          <g key={tick} stroke="var(--line)">
            <line x1={across(0)} x2={across(1)} y1={up(tick)} y2={up(tick)} />
            <line y1={up(0)} y2={up(1)} x1={across(tick)} x2={across(tick)} />
            <text x={across(0) - 5} y={up(tick) + 3} textAnchor="end" stroke="none">
              {countInWords(tick * 100)}
            </text>
            <text x={across(tick)} y={up(0) + 12} textAnchor="middle" stroke="none">
              {countInWords(tick * 100)}
            </text>
          </g>
        ))}
        <line
          x1={across(0)}
          y1={up(0)}
          x2={across(1)}
          y2={up(1)}
          stroke="var(--line-strong)"
          strokeDasharray="4 4"
        />
        {bins.map(({ confidence, right }) => (
          <g key={confidence} stroke="var(--leaf)" strokeWidth="2">
            <line x1={across(confidence)} x2={across(confidence)} y1={up(right.lower)} y2={up(right.upper)} />
            <circle cx={across(confidence)} cy={up(right.value)} r="3.5" fill="var(--leaf)" />
          </g>
        ))}
        <text x={across(0.5)} y={SIZE - 6} textAnchor="middle">
          {t("models.reliability.sure")}
        </text>
        <text transform={`translate(9 ${up(0.5)}) rotate(-90)`} textAnchor="middle">
          {t("models.reliability.right")}
        </text>
      </svg>
      <details>
        <summary className="min-h-11 py-2 text-sm font-semibold text-leaf">{t("dashboard.asTable")}</summary>
        <Table
          name={t("models.reliability.title")}
          columns={[
            t("models.reliability.sure"),
            t("models.reliability.right"),
            t("models.reliability.texts"),
          ]}
        >
          {bins.map(({ confidence, right, texts }) => (
            <tr key={confidence}>
              <Cell>{countInWords(confidence * 100)}</Cell>
              <Cell>
                {t("models.change", {
                  value: countInWords(right.value * 100),
                  lower: countInWords(right.lower * 100),
                  upper: countInWords(right.upper * 100),
                })}
              </Cell>
              <Cell>{countInWords(texts)}</Cell>
            </tr>
          ))}
        </Table>
      </details>
      <p className="sr-only">{t("models.reliability.mean", { value: shareInWords(meanGap(bins)) })}</p>
    </div>
  );
}

/** How far confidence and being right lie apart on average, weighed by texts. */
function meanGap(bins: readonly Shape<"ReliabilityBin">[]): number {
  const all = bins.reduce((sum, { texts }) => sum + texts, 0);
  const apart = bins.reduce(
    (sum, { confidence, right, texts }) => sum + Math.abs(confidence - right.value) * texts,
    0,
  );
  return all ? apart / all : 0;
}
