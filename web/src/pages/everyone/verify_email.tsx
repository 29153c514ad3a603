/** The mailed link leads here: one press confirms the address. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import { useFragment } from "@/session/fragment";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Page } from "@/ui/page";
import { Message } from "@/ui/states";
import { isAddress } from "./address";

export default function VerifyEmailPage() {
  const { t } = useTranslation("everyone");
  const token = useFragment().get("token");
  const [ended, setEnded] = useState<"done" | "over" | null>(null);
  const words = useTranslation("common").t;
  const { busy, failure, onSubmit } = useForm(async () => {
    try {
      await call(api.POST("/api/auth/verify-email", { body: { token: token ?? "" } }));
      setEnded("done");
    } catch (reason) {
      // Gone, or no token of ours at all: either way a new one helps.
      if (!(reason instanceof Problem) || ![410, 422].includes(reason.status)) throw reason;
      setEnded("over");
    }
  });
  if (ended === "done")
    return (
      <Page title={t("verify.done")} lead={t("verify.doneLead")} width="narrow">
        <p>
          <Button asChild>
            <Link to="/sign-in">{words("signIn")}</Link>
          </Button>
        </p>
      </Page>
    );
  if (ended === "over" || !token) return <Over lead={t(ended ? "verify.overLead" : "verify.noToken")} />;
  return (
    <Page title={t("verify.title")} lead={t("verify.lead")} width="narrow">
      <form onSubmit={onSubmit} className="grid justify-items-start gap-4">
        {failure && <Message tone="problem">{failure}</Message>}
        <Button type="submit" busy={busy}>
          {t("verify.confirm")}
        </Button>
      </form>
    </Page>
  );
}

function Over({ lead }: { lead: string }) {
  const { t } = useTranslation("everyone");
  const words = useTranslation("common").t;
  const [sent, setSent] = useState(false);
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ email = "" }) => {
      await call(api.POST("/api/auth/verify-email/resend", { body: { email: email.trim() } }));
      setSent(true);
    },
    ({ email = "" }) => ({ email: isAddress(email) ? undefined : words("emailNeeded") }),
  );
  return (
    <Page title={t("verify.over")} lead={lead} width="narrow">
      <Card>
        <form onSubmit={onSubmit} className="grid gap-4" noValidate>
          {failure && <Message tone="problem">{failure}</Message>}
          {sent && <Message tone="good">{t("verify.resent")}</Message>}
          <Field
            label={t("signUp.email")}
            name="email"
            type="email"
            autoComplete="username"
            fault={faultOf("email")}
          />
          <div className="flex flex-wrap gap-3">
            <Button type="submit" busy={busy}>
              {t("verify.resend")}
            </Button>
            <Button asChild look="plain">
              <Link to="/sign-in">{words("signIn")}</Link>
            </Button>
          </div>
        </form>
      </Card>
    </Page>
  );
}
