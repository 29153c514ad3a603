/** A link to set another password, for who has forgotten theirs. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Page } from "@/ui/page";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { isAddress } from "./address";
import { MailSent } from "./mail_sent";

export default function ForgotPasswordPage() {
  const { t } = useTranslation("everyone");
  const words = useTranslation("common").t;
  const [sentTo, setSentTo] = useState<string | null>(null);
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ email = "" }) => {
      await sendLink(email.trim());
      setSentTo(email.trim());
    },
    ({ email = "" }) => ({ email: isAddress(email) ? undefined : words("emailNeeded") }),
  );
  if (sentTo)
    return (
      <MailSent
        email={sentTo}
        words={t("mailSent.reset")}
        onOther={() => setSentTo(null)}
        again={<Again email={sentTo} />}
      />
    );
  return (
    <Page title={t("forgot.title")} lead={t("forgot.lead")} width="narrow">
      <Card>
        <form onSubmit={onSubmit} className="grid gap-4" noValidate>
          {failure && <Message tone="problem">{failure}</Message>}
          <Field
            label={t("forgot.email")}
            name="email"
            type="email"
            autoComplete="username"
            fault={faultOf("email")}
          />
          <Button type="submit" busy={busy}>
            {t("forgot.submit")}
          </Button>
        </form>
      </Card>
      <p>
        <Link to="/sign-in" className="text-leaf underline underline-offset-4">
          {t("forgot.back")}
        </Link>
      </p>
    </Page>
  );
}

function sendLink(email: string) {
  return call(api.POST("/api/auth/password/forgot", { body: { email } }));
}

function Again({ email }: { email: string }) {
  const { t } = useTranslation("everyone");
  const tell = useToast();
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    await sendLink(email).then(
      () => tell(t("mailSent.sentAgain")),
      (reason) => tell(problemWords(reason)),
    );
    setBusy(false);
  };
  return (
    <Button look="plain" busy={busy} onClick={() => void send()}>
      {t("mailSent.again")}
    </Button>
  );
}
