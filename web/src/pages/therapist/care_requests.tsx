/** Who asks for care: accept, or decline with a reason that is kind to read. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { fromNow, inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { ChoiceCards } from "@/ui/choice_cards";
import { Dialog } from "@/ui/dialog";
import { Empty, Message, problemWords, Waiting } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { type Care, type DeclineReason, useCareStep } from "./care_steps";

export function CareRequests({ requests, zone }: { requests: Care[] | undefined; zone: string }) {
  const { t } = useTranslation("therapist");
  return (
    <Card title={t("patients.requests")}>
      {!requests && <Waiting />}
      {requests?.length === 0 && <Empty>{t("patients.noRequests")}</Empty>}
      <ul className="grid divide-y divide-line empty:hidden">
        {requests?.toReversed().map((care) => (
          <Request key={care.id} care={care} zone={zone} />
        ))}
      </ul>
    </Card>
  );
}

function Request({ care, zone }: { care: Care; zone: string }) {
  const { t } = useTranslation("therapist");
  const [declining, setDeclining] = useState(false);
  const step = useCareStep(care);
  const tell = useToast();
  const { name } = care.patient;
  const accept = () =>
    step.mutate({ status: "accepted" }, { onSuccess: () => tell(t("patients.accepted", { name })) });
  return (
    <li className="grid gap-3 py-4 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h3>{name}</h3>
        <time
          dateTime={care.requestedAt}
          title={inWords(care.requestedAt, "dayAndTime", zone)}
          className="text-sm text-ink-soft"
        >
          {t("patients.asked", { when: fromNow(care.requestedAt) })}
        </time>
      </div>
      {care.note && (
        <figure className="border-l-4 border-leaf-soft pl-3">
          <figcaption className="sr-only">{t("patients.note", { name })}</figcaption>
          <blockquote className="max-w-prose whitespace-pre-wrap wrap-anywhere">{care.note}</blockquote>
        </figure>
      )}
      {step.error && <Message tone="problem">{problemWords(step.error)}</Message>}
      <div className="flex flex-wrap gap-2">
        <Button busy={step.isPending} onClick={accept}>
          {t("patients.accept")}
        </Button>
        <Button look="plain" onClick={() => setDeclining(true)}>
          {t("patients.decline")}
        </Button>
      </div>
      {declining && <Declining care={care} onClose={() => setDeclining(false)} />}
    </li>
  );
}

const REASONS: readonly DeclineReason[] = [
  "full",
  "another_field",
  "times_do_not_fit",
  "more_support_needed",
  "known_to_each_other",
];

function Declining({ care, onClose }: { care: Care; onClose: () => void }) {
  const { t } = useTranslation("therapist");
  const { t: common } = useTranslation("common");
  const [reason, setReason] = useState<DeclineReason>("full");
  const step = useCareStep(care);
  const tell = useToast();
  const { name } = care.patient;
  const decline = () =>
    step.mutate(
      { status: "declined", reason },
      {
        onSuccess: () => {
          tell(t("patients.declined"));
          onClose();
        },
      },
    );
  return (
    <Dialog title={t("patients.declineTitle", { name })} onClose={onClose}>
      <div className="grid gap-4 [&_fieldset>div]:sm:grid-cols-1">
        <ChoiceCards
          legend={t("patients.declineLead", { name })}
          name="reason"
          value={reason}
          onChange={setReason}
          choices={REASONS.map((value) => ({
            value,
            title: t(`patients.reasons.${value}`),
            hint: t(`patients.reasonWords.${value}`),
          }))}
        />
        {step.error && <Message tone="problem">{problemWords(step.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {common("cancel")}
          </Button>
          <Button busy={step.isPending} onClick={decline}>
            {t("patients.decline")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
