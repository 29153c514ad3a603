import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, call, type Shape } from "@/api/client";
import { HOME } from "@/session/guard";
import { renewSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Page } from "@/ui/page";
import { Message } from "@/ui/states";
import { TwoFactorEnrolment } from "./two_factor_enrolment";

/** Staff can do nothing else before their second factor is set up, or shown. */
export function SecondFactorOwed({ state }: { state: Shape<"TwoFactorState"> }) {
  const { t } = useTranslation("settings");
  const navigate = useNavigate();
  const [setUp] = useState(!state.enabled);
  const goOn = async () => {
    await renewSession();
    await navigate(HOME, { replace: true });
  };
  return (
    <Page
      title={t("security.owedTitle")}
      lead={t(setUp ? "security.owed" : "security.owedProve")}
      width="narrow"
    >
      <Card>{setUp ? <TwoFactorEnrolment onDone={goOn} /> : <ShowCode onDone={goOn} />}</Card>
    </Page>
  );
}

function ShowCode({ onDone }: { onDone: () => Promise<void> }) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ code = "" }) => {
      await call(api.POST("/api/auth/step-up", { body: { code: code.trim() } }));
      await onDone();
    },
    ({ code = "" }) => ({ code: code.trim().length < 6 ? words("needed") : undefined }),
  );
  return (
    <form onSubmit={onSubmit} className="grid gap-4" noValidate>
      {failure && <Message tone="problem">{failure}</Message>}
      <Field
        label={t("security.twoFactor.code")}
        hint={words("stepUp.codeHint")}
        name="code"
        autoComplete="one-time-code"
        autoCapitalize="none"
        fault={faultOf("code")}
      />
      <Button type="submit" busy={busy}>
        {t("security.owedProveAction")}
      </Button>
    </form>
  );
}
