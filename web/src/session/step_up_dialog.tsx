/** Asks for a password, a code or a passkey, and gives it to the server. */
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message, problemWords } from "@/ui/states";
import { provePasskey } from "./passkeys";
import { endSession } from "./session";

export function StepUpDialog({ onDone }: { onDone: (proven: boolean) => void }) {
  const { t } = useTranslation("common");
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ password, code }) => {
      const body = code ? { code } : { password };
      await call(api.POST("/api/auth/step-up", { body }));
      onDone(true);
    },
    ({ password, code }): Record<string, string> =>
      password || code ? {} : { password: t("stepUp.oneOfTwo") },
  );
  return (
    <Dialog title={t("stepUp.title")} onClose={() => onDone(false)}>
      <form onSubmit={onSubmit} className="grid gap-4" noValidate>
        <p className="text-ink-soft">{t("stepUp.why")}</p>
        {failure && <Message tone="problem">{failure}</Message>}
        <Field
          label={t("stepUp.password")}
          fault={faultOf("password")}
          name="password"
          type="password"
          autoComplete="current-password"
        />
        <Field
          label={t("stepUp.code")}
          hint={t("stepUp.codeHint")}
          fault={faultOf("code")}
          name="code"
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
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
      <ByPasskey onProven={() => onDone(true)} />
      <Anew
        onLeave={() => {
          onDone(false);
          void endSession();
        }}
      />
    </Dialog>
  );
}

/** Whoever comes in by Google or Zoom alone has none of these: coming in anew is their proof. */
function Anew({ onLeave }: { onLeave: () => void }) {
  const { t } = useTranslation("common");
  return (
    <div className="mt-4 grid gap-3 border-t pt-4">
      <p className="text-ink-soft">{t("stepUp.anewWhy")}</p>
      <Button look="quiet" onClick={onLeave}>
        {t("stepUp.anew")}
      </Button>
    </div>
  );
}

function ByPasskey({ onProven }: { onProven: () => void }) {
  const { t } = useTranslation("common");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  if (typeof PublicKeyCredential === "undefined") return null;
  const wordsOf = (reason: unknown) => {
    if (reason instanceof Problem && reason.status === 404) return t("stepUp.noPasskey");
    if (reason instanceof Error && reason.name === "PasskeyDeclined") return t("stepUp.passkeyDeclined");
    return problemWords(reason);
  };
  const prove = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const asked = await call(api.POST("/api/auth/passkeys/step-up/options"));
      const credential = await provePasskey(asked);
      await call(api.POST("/api/auth/passkeys/step-up", { body: { credential } }));
      onProven();
    } catch (reason) {
      setFailure(wordsOf(reason));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="mt-4 grid gap-3 border-t pt-4">
      {failure && <Message tone="problem">{failure}</Message>}
      <Button look="plain" busy={busy} onClick={() => void prove()}>
        <KeyRound aria-hidden />
        {t("stepUp.passkey")}
      </Button>
    </div>
  );
}
