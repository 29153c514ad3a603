/** Week by week: what is written now beside what the model learnt from. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Card } from "@/ui/card";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { Cell, Table } from "@/ui/table";

const MEASURES = ["label", "confidence", "words", "language"] as const;
const TONES = {
  steady: "good",
  watch: "warm",
  drifted: "grave",
  "too-few": "plain",
  "no-reference": "plain",
} as const;

export function Drift() {
  const { t } = useTranslation("admin");
  const asked = useQuery({ queryKey: ["ml", "drift"], queryFn: () => call(api.GET("/api/ml/drift")) });
  return (
    <Card title={t("models.drift")}>
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.data?.items.length === 0 && <Empty>{t("models.noDrift")}</Empty>}
      {Boolean(asked.data?.items.length) && (
        <Table
          name={t("models.drift")}
          columns={[t("models.weekColumn"), ...MEASURES.map((measure) => t(`models.measures.${measure}`))]}
        >
          {asked.data?.items.map((week) => (
            <tr key={`${week.weekStart} ${week.modelVersion}`}>
              <Cell>
                {t("models.week", { date: inWords(`${week.weekStart}T12:00:00Z`, "date", "UTC") })}
                <span className="block min-w-36 text-sm break-all text-ink-soft">{week.modelVersion}</span>
              </Cell>
              {MEASURES.map((measure) => {
                const verdict = week.measures[measure]?.verdict ?? "no-reference";
                return (
                  <Cell key={measure}>
                    <Badge tone={TONES[verdict]}>{t(`models.driftVerdicts.${verdict}`)}</Badge>
                  </Cell>
                );
              })}
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}
