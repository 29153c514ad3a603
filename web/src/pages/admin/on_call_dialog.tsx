import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message } from "@/ui/states";
import { type FoundPatient, PatientSearch } from "./patient_search";

interface Props {
  onAdd: (entry: Shape<"NewOnCallEntry">) => Promise<unknown>;
  onClose: () => void;
}

/** What the reader's own clock shows, as a moment. */
function moment(local: string | undefined): string | null {
  return local ? new Date(local).toISOString() : null;
}

/** Whom to put on the list, and for which time. */
export function OnCallDialog({ onAdd, onClose }: Props) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation("common");
  const [chosen, setChosen] = useState<FoundPatient | null>(null);
  const form = useForm(
    async ({ startsAt, endsAt }) => {
      if (!chosen) return;
      await onAdd({ therapistId: chosen.id, startsAt: moment(startsAt), endsAt: moment(endsAt) });
      onClose();
    },
    ({ startsAt, endsAt }) => (startsAt && endsAt && endsAt <= startsAt ? { endsAt: t("onCall.order") } : {}),
  );
  return (
    <Dialog title={t("onCall.add")} onClose={onClose}>
      {!chosen && <PatientSearch among="THERAPIST" onChoose={setChosen} />}
      {chosen && (
        <form onSubmit={form.onSubmit} className="grid gap-4" noValidate>
          <dl>
            <dt className="text-sm text-ink-soft">{t("onCall.chosen")}</dt>
            <dd className="font-semibold">{chosen.name}</dd>
          </dl>
          {form.failure && <Message tone="problem">{form.failure}</Message>}
          <div className="grid gap-4 sm:grid-cols-2">
            <Field
              label={t("onCall.startsAt")}
              hint={t("onCall.optional")}
              name="startsAt"
              type="datetime-local"
            />
            <Field
              label={t("onCall.endsAt")}
              hint={t("onCall.optional")}
              name="endsAt"
              type="datetime-local"
              fault={form.faultOf("endsAt")}
            />
          </div>
          <div className="flex flex-wrap justify-end gap-2">
            <Button look="quiet" onClick={onClose}>
              {common("cancel")}
            </Button>
            <Button type="submit" busy={form.busy}>
              {t("onCall.keep")}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
