/** How somebody signs in, where they are signed in, and what protects the account. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import { useFragment } from "@/session/fragment";
import { useSession } from "@/session/session";
import { Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { AccountsCard } from "./security/accounts_card";
import { PasskeysCard } from "./security/passkeys_card";
import { PasswordCard } from "./security/password_card";
import { SecondFactorOwed } from "./security/second_factor_owed";
import { SessionsCard } from "./security/sessions_card";
import { TrustedCard } from "./security/trusted_card";
import { TwoFactorCard } from "./security/two_factor_card";
import { SettingsPage } from "./settings_page";

export default function SecurityPage() {
  const { t } = useTranslation("settings");
  const problem = useFragment().get("problem");
  const { data: session } = useSession();
  // As it was on coming here: the codes that end it have to stay in sight until they are kept.
  const [owed] = useState(session?.secondFactorOwed);
  const {
    data: state,
    error,
    refetch,
  } = useQuery({ queryKey: ["two-factor"], queryFn: () => call(api.GET("/api/auth/two-factor")) });
  if (error && !state) return <PageProblem error={error} retry={refetch} />;
  if (!state || !session) return <Waiting />;
  if (owed) return <SecondFactorOwed state={state} />;
  return (
    <SettingsPage title={t("security.title")}>
      {problem && (
        <Message tone="problem">
          <p className="font-semibold">{t("security.problemTitle")}</p>
          <p>{problemWords(new Problem(problem.slice(0, 60), 0))}</p>
        </Message>
      )}
      <TwoFactorCard state={state} />
      <PasskeysCard />
      <PasswordCard hasPassword={state.hasPassword} email={session.user.email} name={session.user.name} />
      <AccountsCard role={session.user.role} />
      <SessionsCard />
      {state.enabled && <TrustedCard />}
    </SettingsPage>
  );
}
