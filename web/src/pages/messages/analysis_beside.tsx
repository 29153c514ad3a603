/** What the model said of a patient's message, beside it: for therapists alone, and theirs to confirm or correct. */
import { ChevronDown, ChevronUp } from "lucide-react";
import { createContext, useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Analysis, Item } from "@/realtime/timeline";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { useNow } from "@/ui/now";
import { problemWords } from "@/ui/states";
import { useFeedback } from "./feedback";
import { LABELS, type Label, percent, RiskBadge, Scores } from "./scores";

const COMES_WITHIN_MS = 5 * 60_000;

export interface Analyses {
  /** Whether they are open unless somebody chose otherwise: where there is room. */
  openFirst: boolean;
  /** What somebody chose, by message: rows come and go as one scrolls. */
  chosen: Map<string, boolean>;
  onAnswered: (analysis: Analysis) => void;
  onStale: (item: Item) => void;
}

export const AnalysesContext = createContext<Analyses>({
  openFirst: true,
  chosen: new Map(),
  onAnswered: () => undefined,
  onStale: () => undefined,
});

export function AnalysisBeside({ item }: { item: Item }) {
  const { t } = useTranslation("messages");
  const { openFirst, chosen } = useContext(AnalysesContext);
  const [isOpen, setOpen] = useState(chosen.get(item.id) ?? openFirst);
  const { analysis } = item;
  if (!analysis) return <NoAnalysis item={item} />;
  const toggle = () => {
    chosen.set(item.id, !isOpen);
    setOpen(!isOpen);
  };
  const Chevron = isOpen ? ChevronUp : ChevronDown;
  const label = analysis.label as Label;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is entered
    <div
      role="group"
      aria-label={t("analysis.title")}
      className={classes(
        "grid max-w-[36rem] gap-2 rounded-card text-sm xl:w-80 xl:shrink-0",
        isOpen && "w-full border border-line bg-surface p-3",
      )}
    >
      <div className="flex items-center gap-2">
        <p className="flex min-w-0 flex-1 flex-wrap items-center gap-x-2 gap-y-1">
          <strong>{t(`label.${label}`)}</strong>
          <span className="text-ink-soft">
            {t("analysis.sure", { percent: percent(analysis.confidence) })}
          </span>
          <RiskBadge level={analysis.riskLevel} />
        </p>
        <Button
          look="quiet"
          size="icon"
          className="-my-1 shrink-0"
          aria-expanded={isOpen}
          aria-label={t(isOpen ? "analysis.hide" : "analysis.show")}
          onClick={toggle}
        >
          <Chevron aria-hidden />
        </Button>
      </div>
      {isOpen && (
        <>
          <Scores scores={analysis.allScores} label={analysis.label} />
          {(item.attachments?.length ?? 0) > 0 && <p>{t("analysis.files")}</p>}
          <Answer analysis={analysis} item={item} />
          <p className="text-xs text-ink-soft">{t("analysis.aid")}</p>
        </>
      )}
    </div>
  );
}

/** One comes within seconds, or not at all: not everybody lets a model read what they write. */
function NoAnalysis({ item: { sentAt, editedAt } }: { item: Item }) {
  const { t } = useTranslation("messages");
  const isYoung = useNow() - Date.parse(editedAt ?? sentAt) < COMES_WITHIN_MS;
  return (
    <p className="w-full text-sm text-ink-soft xl:w-80 xl:shrink-0">
      {t(isYoung ? "analysis.waiting" : "analysis.none")}
    </p>
  );
}

function Answer({ analysis, item }: { analysis: Analysis; item: Item }) {
  const { t } = useTranslation("messages");
  const { onAnswered, onStale } = useContext(AnalysesContext);
  const { data: session } = useSession();
  const [asking, setAsking] = useState<"what" | "which" | null>(null);
  const feedback = useFeedback(analysis, {
    onAnswered: (answered) => {
      setAsking(null);
      onAnswered(answered);
    },
    onStale: () => onStale(item),
  });
  const standing = analysis.feedback;
  const failure = feedback.isError && (
    <p className="font-semibold text-petal">{problemWords(feedback.error)}</p>
  );
  if (standing && asking === null) {
    const isOwn = standing.therapistId === session?.user.id;
    return (
      <div className="grid gap-1">
        <p role="status" className="flex flex-wrap items-center gap-x-2">
          <StandingWords standing={standing} isOwn={isOwn} />
          {isOwn && (
            <Button look="link" size="text" className="min-h-9" onClick={() => setAsking("what")}>
              {t("analysis.change")}
            </Button>
          )}
        </p>
        {failure}
      </div>
    );
  }
  const give = (correctedLabel: Label | null) => feedback.mutate({ correctedLabel });
  return (
    <fieldset className="grid gap-1" aria-busy={feedback.isPending}>
      <legend className="sr-only">{t(asking === "which" ? "analysis.shouldBe" : "analysis.isRight")}</legend>
      <div className="flex flex-wrap items-center gap-1.5">
        <span aria-hidden className="mr-1 font-semibold">
          {t(asking === "which" ? "analysis.shouldBe" : "analysis.isRight")}
        </span>
        {asking === "which" ? (
          LABELS.filter((label) => label !== analysis.label).map((label) => (
            <Choice key={label} onClick={() => give(label)}>
              {t(`label.${label}`)}
            </Choice>
          ))
        ) : (
          <>
            <Choice onClick={() => give(null)}>{t("analysis.right")}</Choice>
            <Choice onClick={() => setAsking("which")}>{t("analysis.notRight")}</Choice>
          </>
        )}
      </div>
      {failure}
    </fieldset>
  );
}

function Choice(props: { onClick: () => void; children: string }) {
  return <Button look="plain" size="small" className="min-h-11 sm:min-h-9" {...props} />;
}

function StandingWords({ standing, isOwn }: { standing: NonNullable<Analysis["feedback"]>; isOwn: boolean }) {
  const { t } = useTranslation("messages");
  if (standing.isCorrect) return t(isOwn ? "analysis.agreed" : "analysis.colleagueAgreed");
  const label = standing.correctedLabel ? t(`label.${standing.correctedLabel}`) : "";
  return t(isOwn ? "analysis.corrected" : "analysis.colleagueCorrected", { label });
}
