/** One thing that is good to do next, and the way there. */
import { CalendarPlus, ClipboardPen, HeartHandshake, Hourglass, type LucideIcon, Scale } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import type { Step } from "./next_steps";

export function StepCard({ step }: { step: Step }) {
  const { t } = useTranslation("patient");
  switch (step.kind) {
    case "consents":
      return (
        <Row
          icon={Scale}
          title={t("steps.consents.title")}
          way={["/settings/privacy", t("steps.consents.go")]}
        >
          {t("steps.consents.why")}
        </Row>
      );
    case "profile":
      return (
        <Row
          icon={ClipboardPen}
          title={t("steps.profile.title")}
          way={["/settings/profile", t("steps.profile.go")]}
        >
          {t("steps.profile.why", { percent: step.percent })}
        </Row>
      );
    case "findTherapist":
      return (
        <Row icon={HeartHandshake} title={t("steps.find.title")} way={["/therapists", t("steps.find.go")]}>
          {t("steps.find.why")}
        </Row>
      );
    case "asked":
      return (
        <Row
          icon={Hourglass}
          title={t("steps.asked.title", { name: step.care.therapist.name })}
          way={["/therapists", t("steps.asked.go")]}
        >
          {t("steps.asked.why", { day: inWords(step.care.requestedAt, "date") })}
        </Row>
      );
    case "declined":
      return (
        <Row
          icon={HeartHandshake}
          title={t("steps.declined.title", { name: step.care.therapist.name })}
          way={["/therapists", t("steps.declined.go")]}
        >
          {step.care.declined && <span className="block">{t(`declined.${step.care.declined.reason}`)}</span>}
          {t("steps.declined.why")}
        </Row>
      );
    case "book":
      return (
        <Row
          icon={CalendarPlus}
          title={t("steps.book.title", { name: step.care.therapist.name })}
          way={[`/therapists/${step.care.therapist.id}/book`, t("steps.book.go")]}
        >
          {t("steps.book.why")}
        </Row>
      );
  }
}

interface RowProps {
  icon: LucideIcon;
  title: string;
  way: [to: string, words: string];
  children: ReactNode;
}

function Row({ icon: Icon, title, way: [to, words], children }: RowProps) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-3 rounded-card border border-line bg-surface p-4 shadow-card sm:flex-nowrap sm:p-5">
      <Icon className="hidden size-6 shrink-0 text-leaf sm:block" aria-hidden />
      <div className="grid min-w-0 flex-1 basis-60 gap-0.5">
        <h3>{title}</h3>
        <p className="text-ink-soft">{children}</p>
      </div>
      <Button asChild look="plain">
        <Link to={to}>{words}</Link>
      </Button>
    </div>
  );
}
