/** A version's report as pictures, each with the same in words or as a table: F1 by class, reliability, confusion. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { PageProblem, Waiting } from "@/ui/states";
import { useClassName } from "./class_name";
import { ConfusionTable } from "./confusion_table";
import { shareInWords } from "./figures";
import { IntervalBars } from "./interval_bars";
import { ReliabilityPicture } from "./reliability_picture";

type Figures = Shape<"ModelFigures">;

/** The figures, or null where the version has no report. */
async function figuresOf(id: string): Promise<Figures | null> {
  try {
    return await call(api.GET("/api/ml/models/{id}/figures", { params: { path: { id } } }));
  } catch (reason) {
    if (reason instanceof Problem && reason.kind === "report-missing") return null;
    throw reason;
  }
}

/** `children` are shown where the version has no report. */
export function Pictures({ modelId, children }: { modelId: string; children: ReactNode }) {
  const { t } = useTranslation("admin");
  const className = useClassName();
  const asked = useQuery({
    queryKey: ["ml", "figures", modelId],
    queryFn: () => figuresOf(modelId),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (asked.isPending) return <Waiting />;
  if (asked.error && !asked.data) return <PageProblem error={asked.error} retry={asked.refetch} />;
  if (asked.data === null)
    return (
      <div className="grid gap-4">
        <p className="text-ink-soft">{t("models.noReport")}</p>
        {children}
      </div>
    );
  const { classes, macroF1, reliability, calibrationError, labels, confusion, texts } = asked.data;
  const rows = [...classes].sort((one, other) => other.f1.value - one.f1.value);
  return (
    <div className="grid gap-6">
      <section className="grid gap-2">
        <h3>{t("models.f1")}</h3>
        <p className="text-sm text-ink-soft">
          {t("models.f1Interval", {
            value: shareInWords(macroF1.value),
            lower: shareInWords(macroF1.lower),
            upper: shareInWords(macroF1.upper),
            count: texts,
          })}
        </p>
        <IntervalBars
          name={t("models.f1")}
          rows={rows.map(({ label, f1 }) => ({
            name: className(label),
            ...f1,
            marked: label === "Suicidal",
          }))}
        />
      </section>
      <section className="grid gap-2">
        <h3>{t("models.reliability.title")}</h3>
        <p className="text-sm text-ink-soft">
          {t("models.reliability.lead", { error: shareInWords(calibrationError) })}
        </p>
        <ReliabilityPicture bins={reliability} />
      </section>
      <section className="grid gap-2">
        <h3>{t("models.confusion.title")}</h3>
        <p className="text-sm text-ink-soft">{t("models.confusion.lead")}</p>
        <ConfusionTable labels={labels} counts={confusion} />
      </section>
    </div>
  );
}
