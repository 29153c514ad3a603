/** Asks a therapist for care, with a note where the patient likes to add one. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, newKey } from "@/api/client";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { TextArea } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { careChanged } from "./queries";

const LONGEST_NOTE = 2_000;

interface Props {
  therapist: { id: string; name: string };
  onClose: () => void;
}

export function ConnectDialog({ therapist: { id, name }, onClose }: Props) {
  const { t } = useTranslation("patient");
  const { t: common } = useTranslation("common");
  const tell = useToast();
  // One key for each text: a repeated try is the same request, and a changed note another.
  const [keys] = useState(() => new Map<string, string>());
  const form = useForm(async ({ note = "" }) => {
    const key = keys.get(note) ?? newKey();
    keys.set(note, key);
    await call(
      api.POST("/api/therapists/{id}/connect", {
        params: { path: { id }, header: { "Idempotency-Key": key } },
        body: { note: note.trim() || null },
      }),
    );
    await careChanged();
    tell(t("connect.asked", { name }));
    onClose();
  });
  return (
    <Dialog title={t("connect.title", { name })} onClose={onClose}>
      <form onSubmit={form.onSubmit} className="grid gap-4" noValidate>
        <p className="text-ink-soft">{t("connect.lead")}</p>
        {form.failure && <Message tone="problem">{form.failure}</Message>}
        <TextArea
          label={t("connect.note")}
          hint={t("connect.noteHint")}
          name="note"
          maxLength={LONGEST_NOTE}
          rows={5}
          fault={form.faultOf("note")}
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {common("cancel")}
          </Button>
          <Button type="submit" busy={form.busy}>
            {t("connect.send")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
