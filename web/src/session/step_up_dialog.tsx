/** Asks for a password or a code, and gives it to the server. */
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Message, problemWords } from "@/ui/states";

export function StepUpDialog({ onDone }: { onDone: (proven: boolean) => void }) {
  const { t } = useTranslation("common");
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const body = {
      password: String(given.get("password") ?? "") || null,
      code: String(given.get("code") ?? "").replaceAll(" ", "") || null,
    };
    setBusy(true);
    try {
      await call(api.POST("/api/auth/step-up", { body }));
      onDone(true);
    } catch (reason) {
      setFailure(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("stepUp.title")} onClose={() => onDone(false)}>
      <form onSubmit={submit} className="grid gap-4" noValidate>
        <p className="text-ink-soft">{t("stepUp.why")}</p>
        {failure !== null && <Message tone="problem">{problemWords(failure, t)}</Message>}
        <Field label={t("stepUp.password")} name="password" type="password" autoComplete="current-password" />
        <Field
          label={t("stepUp.code")}
          hint={t("stepUp.codeHint")}
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Button type="button" look="quiet" onClick={() => onDone(false)}>
            {t("cancel")}
          </Button>
          <Button type="submit" busy={busy}>
            {t("goOn")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
