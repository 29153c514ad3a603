/** Signing in: by password, passkey, Google or Zoom. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigate } from "react-router";
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import { useFragment } from "@/session/fragment";
import { HOME } from "@/session/guard";
import { useRemembered } from "@/session/remembered";
import { returnTo } from "@/session/return_to";
import { howItEnded, renewSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Page } from "@/ui/page";
import { PasswordField } from "@/ui/password_field";
import { Message, problemWords } from "@/ui/states";
import { isAddress } from "./address";
import { OtherWays } from "./other_ways";
import { ResendLink } from "./resend_link";

export default function SignInPage() {
  const { t } = useTranslation("everyone");
  const told = useFragment();
  const here = useLocation();
  const navigate = useNavigate();
  const wanted = returnTo(here);
  const [unverified, setUnverified] = useState<string | null>(null);
  const comeIn = async () => {
    await renewSession();
    await navigate(wanted ?? HOME, { replace: true });
  };
  const words = useTranslation("common").t;
  const { busy, failure, faultOf, onSubmit } = useForm(
    async ({ email = "", password = "" }) => {
      setUnverified(null);
      try {
        const answer = await call(api.POST("/api/auth/sign-in", { body: { email, password } }));
        if ("twoFactorRequired" in answer)
          await navigate("/sign-in/two-factor", { state: { returnTo: wanted } });
        else await comeIn();
      } catch (reason) {
        if (reason instanceof Problem && reason.kind === "address-not-verified") setUnverified(email);
        throw reason;
      }
    },
    ({ email = "", password = "" }) => ({
      email: isAddress(email) ? undefined : words("emailNeeded"),
      password: password ? undefined : words("needed"),
    }),
  );
  const ended = useRemembered(howItEnded) === "by-itself";
  const problem = told.get("problem");
  return (
    <Page title={t("signIn.title")} width="narrow">
      {ended && !failure && !problem && <Message>{t("signIn.ended")}</Message>}
      {problem && !failure && (
        <Message tone="problem">{problemWords(new Problem(problem.slice(0, 60), 0))}</Message>
      )}
      <Card>
        <div className="grid gap-5">
          <form onSubmit={onSubmit} className="grid gap-4" noValidate>
            {failure && <Message tone="problem">{failure}</Message>}
            {unverified && <ResendLink email={unverified} words={t("signIn.resend")} />}
            <Field
              label={t("signIn.email")}
              name="email"
              type="email"
              autoComplete="username"
              fault={faultOf("email")}
            />
            <PasswordField
              label={t("signIn.password")}
              name="password"
              autoComplete="current-password"
              fault={faultOf("password")}
            />
            <Button type="submit" busy={busy}>
              {words("signIn")}
            </Button>
            <p>
              <Link to="/forgot-password" className="text-leaf underline underline-offset-4">
                {t("signIn.forgot")}
              </Link>
            </p>
          </form>
          <p className="flex items-center gap-3 text-sm text-ink-soft before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
            {t("signIn.or")}
          </p>
          <OtherWays returnTo={wanted} onSignedIn={comeIn} />
        </div>
      </Card>
      <p className="text-center">
        {t("signIn.newHere")}{" "}
        <Link to="/sign-up" className="font-semibold text-leaf underline underline-offset-4">
          {words("signUp")}
        </Link>
      </p>
    </Page>
  );
}
