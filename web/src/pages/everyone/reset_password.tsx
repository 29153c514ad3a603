/** The mailed link leads here: another password is set, and every session ends. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import { useFragment } from "@/session/fragment";
import { beSignedOut } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { useForm } from "@/ui/form";
import { Page } from "@/ui/page";
import { Message } from "@/ui/states";
import { NewPassword, usePasswordFault } from "./new_password";

export default function ResetPasswordPage() {
  const { t } = useTranslation("everyone");
  const token = useFragment().get("token");
  const [ended, setEnded] = useState<"done" | "over" | null>(null);
  const words = useTranslation("common").t;
  const passwordFault = usePasswordFault();
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ newPassword = "" }) => {
      try {
        await call(api.POST("/api/auth/password/reset", { body: { token: token ?? "", newPassword } }));
        await beSignedOut();
        setEnded("done");
      } catch (reason) {
        if (!(reason instanceof Problem) || !(reason.status === 410 || reason.faultOf("token"))) throw reason;
        setEnded("over");
      }
    },
    ({ newPassword = "" }) => ({ newPassword: passwordFault(newPassword) }),
  );
  if (ended === "done")
    return (
      <Page title={t("reset.done")} lead={t("reset.doneLead")} width="narrow">
        <p>
          <Button asChild>
            <Link to="/sign-in">{words("signIn")}</Link>
          </Button>
        </p>
      </Page>
    );
  if (ended === "over" || !token)
    return (
      <Page title={t("reset.over")} lead={t("reset.overLead")} width="narrow">
        <p>
          <Button asChild>
            <Link to="/forgot-password">{t("reset.anew")}</Link>
          </Button>
        </p>
      </Page>
    );
  return (
    <Page title={t("reset.title")} lead={t("reset.lead")} width="narrow">
      <Card>
        <form onSubmit={onSubmit} className="grid gap-4" noValidate>
          {failure && <Message tone="problem">{failure}</Message>}
          <NewPassword label={t("password.chooseNew")} name="newPassword" fault={faultOf("newPassword")} />
          <Button type="submit" busy={busy}>
            {t("reset.submit")}
          </Button>
        </form>
      </Card>
    </Page>
  );
}
