/** A new account: a patient's or a therapist's. */
import { HeartHandshake, Sprout } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { api, call } from "@/api/client";
import { deviceZone } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { ChoiceCards } from "@/ui/choice_cards";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Page } from "@/ui/page";
import { Message } from "@/ui/states";
import { isAddress } from "./address";
import { AgreeToTerms } from "./agree_to_terms";
import { MailSent } from "./mail_sent";
import { NewPassword, usePasswordFault } from "./new_password";

type As = "PATIENT" | "THERAPIST";

export default function SignUpPage() {
  const { t, i18n } = useTranslation("everyone");
  const [asked] = useSearchParams();
  const [role, setRole] = useState<As | null>(asked.get("as") === "therapist" ? "THERAPIST" : null);
  const [sentTo, setSentTo] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const words = useTranslation("common").t;
  const passwordFault = usePasswordFault();
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ name = "", email = "", password = "" }) => {
      if (!role) return;
      const told = { timeZone: deviceZone(), language: i18n.language };
      const body = { name: name.trim(), email: email.trim(), password, role, ...told };
      await call(api.POST("/api/auth/sign-up", { body }));
      setSentTo(body.email);
    },
    ({ name, email, password, terms }) => ({
      role: role ? undefined : t("signUp.chooseOne"),
      name: name?.trim() ? undefined : words("needed"),
      email: isAddress(email) ? undefined : words("emailNeeded"),
      password: passwordFault(password ?? ""),
      terms: terms ? undefined : t("signUp.termsNeeded"),
    }),
  );
  if (sentTo) return <MailSent email={sentTo} words={t("mailSent.signUp")} onOther={() => setSentTo(null)} />;
  const own = () => {
    const given = new FormData(form.current ?? undefined);
    return [String(given.get("name") ?? ""), String(given.get("email") ?? "")];
  };
  return (
    <Page title={t("signUp.title")} lead={t("signUp.lead")} width="narrow">
      <Card>
        <form ref={form} onSubmit={onSubmit} className="grid gap-5" noValidate>
          {failure && <Message tone="problem">{failure}</Message>}
          <ChoiceCards<As>
            legend={t("signUp.who")}
            name="role"
            value={role}
            onChange={setRole}
            fault={faultOf("role")}
            choices={[
              {
                value: "PATIENT",
                title: t("signUp.patient"),
                hint: t("signUp.patientHint"),
                picture: <Sprout className="size-5 text-leaf" aria-hidden />,
              },
              {
                value: "THERAPIST",
                title: t("signUp.therapist"),
                hint: t("signUp.therapistHint"),
                picture: <HeartHandshake className="size-5 text-leaf" aria-hidden />,
              },
            ]}
          />
          <Field
            label={t("signUp.name")}
            hint={t("signUp.nameHint")}
            name="name"
            autoComplete="name"
            maxLength={200}
            fault={faultOf("name")}
          />
          <Field
            label={t("signUp.email")}
            hint={t("signUp.emailHint")}
            name="email"
            type="email"
            autoComplete="username"
            maxLength={254}
            fault={faultOf("email")}
          />
          <NewPassword label={t("password.choose")} name="password" fault={faultOf("password")} own={own} />
          <AgreeToTerms fault={faultOf("terms")} />
          <Button type="submit" busy={busy}>
            {t("signUp.submit")}
          </Button>
        </form>
      </Card>
      <p className="text-center">
        {t("signUp.have")}{" "}
        <Link to="/sign-in" className="font-semibold text-leaf underline underline-offset-4">
          {words("signIn")}
        </Link>
      </p>
    </Page>
  );
}
