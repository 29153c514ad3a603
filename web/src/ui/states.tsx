/** What a page shows while it waits, where it failed, and where there is nothing yet. */
import type { TFunction } from "i18next";
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

/** A problem in words, by its kind where the catalogue has it, else by its status. */
export function problemWords(reason: unknown, t: TFunction<"common">): string {
  if (reason instanceof NotProven) return t("problem.not-proven");
  if (!(reason instanceof Problem)) return t("problem.other");
  const any = t as unknown as (key: string, options: object) => string;
  const byKind = any(`problem.${reason.kind}`, {
    defaultValue: "",
    minutes: Math.ceil((reason.retryAfter ?? 60) / 60),
  });
  return byKind || any(`status.${reason.status}`, { defaultValue: t("problem.other") });
}

/** A whole page or part that could not be shown. */
export function PageProblem({ error, retry }: { error: unknown; retry?: () => unknown }) {
  const { t } = useTranslation("common");
  return (
    <div className="grid justify-items-start gap-3 p-2">
      <Message tone="problem">{problemWords(error, t)}</Message>
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
