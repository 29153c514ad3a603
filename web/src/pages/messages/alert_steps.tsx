/** The steps of an alert: seen, in hand, passed on, resolved with what came of it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Select, TextArea } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message, problemWords } from "@/ui/states";
import type { Alert } from "./alerts";

const OUTCOMES: readonly Shape<"RiskOutcome">[] = [
  "contacted_safe",
  "safety_plan",
  "emergency_services",
  "referred",
  "not_reached",
  "no_risk_found",
];

type Step = "acknowledge" | "start" | "escalate";

function take(step: Step, { id, version }: Alert): Promise<Alert> {
  const given = { params: { path: { id } }, body: { version } };
  if (step === "acknowledge") return call(api.POST("/api/alerts/{id}/acknowledge", given));
  if (step === "start") return call(api.POST("/api/alerts/{id}/start", given));
  return call(api.POST("/api/alerts/{id}/escalate", given));
}

export function AlertSteps({ alert }: { alert: Alert }) {
  const { t } = useTranslation("messages");
  const queries = useQueryClient();
  const [asking, setAsking] = useState<"escalate" | "resolve" | null>(null);
  const refresh = () => queries.invalidateQueries({ queryKey: ["alerts"] });
  const show = async (next: Alert) => {
    queries.setQueryData<Alert>(["alerts", "one", next.id], (known) => withBodies(next, known));
    await refresh();
  };
  const step = useMutation({
    mutationFn: (which: Step) => take(which, alert),
    onSuccess: show,
    // Somebody was quicker, or there is more to it: how it stands is shown beside why this did not happen.
    onError: refresh,
  });
  const main = alert.status === "open" ? "acknowledge" : alert.status === "acknowledged" ? "start" : null;
  if (alert.status === "resolved") return null;
  return (
    <div className="grid gap-3">
      {step.isError && <Message tone="warm">{problemWords(step.error)}</Message>}
      <div className="flex flex-wrap items-center gap-2">
        {main && (
          <Button busy={step.isPending && step.variables === main} onClick={() => step.mutate(main)}>
            {t(`alerts.${main}`)}
          </Button>
        )}
        {alert.status === "in_progress" && (
          <Button onClick={() => setAsking("resolve")}>{t("alerts.resolve")}</Button>
        )}
        {alert.escalationStep !== "administrators" && (
          <Button look="quiet" onClick={() => setAsking("escalate")}>
            {t("alerts.escalate")}
          </Button>
        )}
      </div>
      {main === "acknowledge" && <p className="text-sm text-ink-soft">{t("alerts.acknowledgeHint")}</p>}
      {asking === "escalate" && (
        <Dialog title={t("alerts.escalateTitle")} onClose={() => setAsking(null)}>
          <div className="grid gap-4">
            <p>{t("alerts.escalateWhy")}</p>
            <Buttons
              words={t("alerts.escalate")}
              busy={step.isPending}
              onClose={() => setAsking(null)}
              onClick={() => step.mutate("escalate", { onSettled: () => setAsking(null) })}
            />
          </div>
        </Dialog>
      )}
      {asking === "resolve" && (
        <ResolveDialog
          alert={alert}
          onClose={() => setAsking(null)}
          onDone={async (next) => {
            setAsking(null);
            await show(next);
          }}
        />
      )}
    </div>
  );
}

/** A step's answer has no texts: those that are known stay. */
function withBodies(next: Alert, known: Alert | undefined): Alert {
  const bodies = new Map(
    known?.details?.messages.map(({ messageId, version, body }) => [`${messageId} ${version}`, body]),
  );
  if (!next.details) return next;
  const messages = next.details.messages.map((message) => ({
    ...message,
    body: message.body ?? bodies.get(`${message.messageId} ${message.version}`) ?? null,
  }));
  return { ...next, details: { ...next.details, messages } };
}

interface ResolveProps {
  alert: Alert;
  onClose: () => void;
  onDone: (next: Alert) => Promise<void>;
}

function ResolveDialog({ alert, onClose, onDone }: ResolveProps) {
  const { t } = useTranslation("messages");
  const form = useForm(
    async ({ outcome, note }) => {
      const body = { version: alert.version, outcome: outcome as Shape<"RiskOutcome">, note: note ?? "" };
      await onDone(
        await call(api.POST("/api/alerts/{id}/resolve", { params: { path: { id: alert.id } }, body })),
      );
    },
    ({ note }): Record<string, string> => (note?.trim() ? {} : { note: t("alerts.noteNeeded") }),
  );
  return (
    <Dialog title={t("alerts.resolveTitle")} onClose={onClose}>
      <form onSubmit={form.onSubmit} className="grid gap-4" noValidate>
        {form.failure && <Message tone="problem">{form.failure}</Message>}
        <Select label={t("alerts.outcome")} name="outcome">
          {OUTCOMES.map((outcome) => (
            <option key={outcome} value={outcome}>
              {t(`alerts.outcomes.${outcome}`)}
            </option>
          ))}
        </Select>
        <TextArea
          label={t("alerts.note")}
          hint={t("alerts.noteHint")}
          name="note"
          maxLength={4000}
          fault={form.faultOf("note")}
        />
        <Buttons words={t("alerts.resolve")} busy={form.busy} onClose={onClose} />
      </form>
    </Dialog>
  );
}

interface ButtonsProps {
  words: string;
  busy: boolean;
  onClose: () => void;
  /** Without it the button sends its form. */
  onClick?: () => void;
}

function Buttons({ words, busy, onClose, onClick }: ButtonsProps) {
  const { t } = useTranslation("common");
  return (
    <div className="flex flex-wrap justify-end gap-2">
      <Button look="quiet" onClick={onClose}>
        {t("cancel")}
      </Button>
      <Button type={onClick ? "button" : "submit"} busy={busy} onClick={onClick}>
        {words}
      </Button>
    </div>
  );
}
