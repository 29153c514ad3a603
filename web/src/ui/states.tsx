/** What a page shows while it waits, where it failed, and where there is nothing yet. */
import i18n from "i18next";
import { LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "@/api/problem";
import { NotProven } from "@/session/step_up";
import { Button } from "./button";
import { classes } from "./classes";

export function Waiting() {
  const { t } = useTranslation("common");
  return (
    <p role="status" className="flex items-center gap-2 p-6 text-ink-soft">
      <LoaderCircle className="size-5 animate-spin" aria-hidden />
      {t("loading")}
    </p>
  );
}

const TONES = {
  plain: "bg-raised",
  good: "bg-leaf-soft",
  warm: "bg-sun-soft",
  problem: "bg-petal-soft",
};

/** A message about what happened, read out as it comes. */
export function Message({ tone = "plain", children }: { tone?: keyof typeof TONES; children: ReactNode }) {
  return (
    <div
      role={tone === "problem" ? "alert" : "status"}
      className={classes("rounded-control px-4 py-3 text-ink", TONES[tone])}
    >
      {children}
    </div>
  );
}

const AREAS = ["common", "admin", "everyone", "messages", "patient", "settings", "therapist"] as const;

/** Whether there are words for this kind of problem, in a catalogue that is loaded. */
export function hasWords(kind: string): boolean {
  return AREAS.some((name) => i18n.exists(`${name}:problem.${kind}`));
}

/** A problem in words: by its kind where a catalogue that is loaded has it (`problem.<kind>`), else by its status. */
export function problemWords(reason: unknown): string {
  const t = i18n.getFixedT(null, "common");
  if (reason instanceof NotProven) return t("problem.not-proven");
  if (!(reason instanceof Problem)) return t("problem.other");
  const minutes = Math.ceil((reason.retryAfter ?? 60) / 60);
  const area = AREAS.find((name) => i18n.exists(`${name}:problem.${reason.kind}`));
  if (area) return i18n.t(`${area}:problem.${reason.kind}` as "common:problem.other", { minutes });
  const byStatus = `common:status.${reason.status}`;
  return i18n.exists(byStatus) ? i18n.t(byStatus as "common:problem.other") : t("problem.other");
}

/** A whole page or part that could not be shown. */
export function PageProblem({ error, retry }: { error: unknown; retry?: () => unknown }) {
  const { t } = useTranslation("common");
  return (
    <div className="grid justify-items-start gap-3 p-2">
      <Message tone="problem">{problemWords(error)}</Message>
      {retry && (
        <Button look="plain" onClick={() => retry()}>
          {t("tryAgain")}
        </Button>
      )}
    </div>
  );
}

/** Nothing there yet, and what to do about it. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="grid justify-items-start gap-3 text-ink-soft">
      <p>{children}</p>
      {action}
    </div>
  );
}
