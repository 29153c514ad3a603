/** The second step of a sign-in: the app's code, or one of the backup codes. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigate } from "react-router";
import { api, call } from "@/api/client";
import { useFragment } from "@/session/fragment";
import { HOME } from "@/session/guard";
import { returnTo } from "@/session/return_to";
import { renewSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field, Tick } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Page } from "@/ui/page";
import { Message } from "@/ui/states";
import { useToast } from "@/ui/toast";

export default function SecondFactorPage() {
  const { t } = useTranslation("everyone");
  useFragment();
  const navigate = useNavigate();
  const wanted = returnTo(useLocation());
  const tell = useToast();
  const [backup, setBackup] = useState(false);
  const words = useTranslation("common").t;
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ code = "", trust }) => {
      const body = { code: code.trim(), trustDevice: trust === "on" };
      const { backupCodesLeft } = await call(api.POST("/api/auth/two-factor/verify", { body }));
      await renewSession();
      if (backupCodesLeft !== null) tell(t("secondFactor.left", { count: backupCodesLeft }));
      await navigate(wanted ?? HOME, { replace: true });
    },
    ({ code = "" }) => ({
      code: /^[0-9a-z][0-9a-z -]{5,19}$/i.test(code.trim()) ? undefined : words("needed"),
    }),
  );
  return (
    <Page title={t("secondFactor.title")} lead={backup ? undefined : t("secondFactor.lead")} width="narrow">
      <Card>
        <form onSubmit={onSubmit} className="grid gap-5" noValidate>
          {failure && <Message tone="problem">{failure}</Message>}
          <Field
            key={String(backup)}
            label={t(backup ? "secondFactor.backupCode" : "secondFactor.code")}
            hint={t(backup ? "secondFactor.backupHint" : "secondFactor.hint")}
            name="code"
            inputMode={backup ? "text" : "numeric"}
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={20}
            fault={faultOf("code")}
          />
          <Tick label={t("secondFactor.trust")} hint={t("secondFactor.trustHint")} name="trust" />
          <Button type="submit" busy={busy}>
            {words("goOn")}
          </Button>
          <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
            <Button look="link" size="text" className="min-h-11" onClick={() => setBackup(!backup)}>
              {t(backup ? "secondFactor.app" : "secondFactor.backup")}
            </Button>
            <Link
              to="/sign-in"
              state={{ returnTo: wanted }}
              className="text-ink-soft underline underline-offset-4"
            >
              {t("secondFactor.again")}
            </Link>
          </div>
        </form>
      </Card>
    </Page>
  );
}
