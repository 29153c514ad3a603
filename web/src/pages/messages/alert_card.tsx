/** One alert: whose it is, since when it waits, what was written, and the steps that follow from where it stands. */
import { useQuery } from "@tanstack/react-query";
import { MessageCircle } from "lucide-react";
import { useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { api, call } from "@/api/client";
import { fromNow, inWords } from "@/i18n/times";
import { useSession } from "@/session/session";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { useNow } from "@/ui/now";
import { PageProblem, Waiting } from "@/ui/states";
import { AlertSteps } from "./alert_steps";
import type { Alert } from "./alerts";
import { RiskBadge } from "./scores";

const TONES = { open: "warm", acknowledged: "plain", in_progress: "good", resolved: "plain" } as const;

export function AlertCard({ alert }: { alert: Alert }) {
  const { t } = useTranslation("messages");
  const [parameters, setParameters] = useSearchParams();
  const isOpen = parameters.get("alert") === alert.id;
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const { details } = alert;
  useEffect(() => {
    // A step has moved it into another group: whoever took it is still here.
    if (isOpen && document.activeElement === document.body) title.current?.focus();
  }, [isOpen]);
  return (
    <article
      aria-labelledby={id}
      className="grid gap-3 rounded-card border border-line bg-surface p-4 shadow-card sm:p-5"
    >
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="grid gap-1">
          <h3 id={id} ref={title} tabIndex={-1} className="text-lg outline-none">
            {details ? details.patient.name : t("alerts.patientOf", { name: alert.therapist.name })}
          </h3>
          <p className="flex flex-wrap items-center gap-2">
            <Badge tone={TONES[alert.status]}>{t(`alerts.status.${alert.status}`)}</Badge>
            {details && <RiskBadge level={details.level} />}
            {details && (
              <span className="text-sm text-ink-soft">
                {t("alerts.messages", { count: details.messages.length })}
              </span>
            )}
          </p>
          <Standing alert={alert} />
        </div>
        {details && (
          <Button
            look={alert.status === "open" && !isOpen ? "main" : "plain"}
            aria-expanded={isOpen}
            onClick={() =>
              setParameters(isOpen ? {} : { alert: alert.id }, { replace: true, preventScrollReset: true })
            }
          >
            {t(isOpen ? "alerts.close" : "alerts.open")}
            <span className="sr-only">: {details.patient.name}</span>
          </Button>
        )}
      </div>
      {!details && <p className="text-ink-soft">{t("alerts.onlyThere")}</p>}
      {isOpen && details && <Opened id={alert.id} />}
    </article>
  );
}

/** Since when it waits, with whom it is, and who is asked next. */
function Standing({ alert }: { alert: Alert }) {
  const { t } = useTranslation("messages");
  const { data: session } = useSession();
  const now = useNow(15_000);
  const when = fromNow(
    alert.status === "resolved" ? (alert.resolvedAt ?? alert.openedAt) : alert.waitingSince,
    now,
  );
  const covers = alert.details && alert.therapist.id !== session?.user.id;
  return (
    <div className="grid gap-0.5 text-sm text-ink-soft">
      <p>
        {t("alerts.since", { when })}
        {alert.answeredBy && ` · ${t("alerts.answeredBy", { name: alert.answeredBy.name })}`}
        {covers && ` · ${t("alerts.covering", { name: alert.therapist.name })}`}
      </p>
      {alert.status === "open" && (
        <p>
          {alert.nextEscalationAt
            ? t(`alerts.next.${alert.escalationStep}`, { when: fromNow(alert.nextEscalationAt, now) })
            : t(`alerts.step.${alert.escalationStep}`)}
        </p>
      )}
    </div>
  );
}

function Opened({ id }: { id: string }) {
  const { t } = useTranslation("messages");
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["alerts", "one", id],
    queryFn: () => call(api.GET("/api/alerts/{id}", { params: { path: { id } } })),
  });
  if (isPending) return <Waiting />;
  if (error && !data) return <PageProblem error={error} retry={refetch} />;
  const { details } = data;
  if (!details) return null;
  return (
    <div className="grid gap-4 border-t pt-4">
      <ol className="grid gap-3">
        {details.messages.map((message) => (
          <li key={message.messageId} className="grid gap-1.5">
            <blockquote className="max-w-[44rem] rounded-card rounded-bl-sm bg-raised px-3.5 py-2 break-words whitespace-pre-wrap">
              {message.body ?? <em>{t("alerts.noText")}</em>}
            </blockquote>
            <p className="flex flex-wrap items-center gap-2 text-sm text-ink-soft">
              <time dateTime={message.foundAt}>{inWords(message.foundAt, "dayAndTime")}</time>
              <RiskBadge level={message.level} />
              {t(`alerts.found.${message.source}`)}
            </p>
          </li>
        ))}
      </ol>
      <p className="text-sm text-ink-soft">{t("alerts.asWritten")}</p>
      {details.outcome && (
        <div className="grid gap-1">
          <p className="font-semibold">{t(`alerts.outcomes.${details.outcome}`)}</p>
          <p className="break-words whitespace-pre-wrap">{details.note}</p>
        </div>
      )}
      <p>
        <Button asChild look="plain">
          <Link to={`/messages/${details.conversationId}`}>
            <MessageCircle aria-hidden />
            {t("alerts.conversation")}
          </Link>
        </Button>
      </p>
      <AlertSteps alert={data} />
    </div>
  );
}
