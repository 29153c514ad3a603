import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { inWords } from "@/i18n/times";
import type { Role } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { useStep } from "./use_step";

const KEY = ["accounts"];

/** Accounts elsewhere by which somebody can sign in. */
export function AccountsCard({ role }: { role: Role }) {
  const { t } = useTranslation("settings");
  const { data, error, refetch } = useQuery({
    queryKey: KEY,
    queryFn: () => call(api.GET("/api/auth/accounts")),
  });
  const step = useStep(KEY);
  const link = (provider: "google" | "zoom") =>
    step.run(provider, async () => {
      const params = { path: { provider } };
      const body = { returnTo: "/settings/security" };
      const { url } = await call(api.POST("/api/auth/accounts/{provider}/link", { params, body }));
      location.assign(url);
    });
  const unlink = (provider: "google" | "zoom") =>
    step.run(
      provider,
      () => call(api.DELETE("/api/auth/accounts/{provider}", { params: { path: { provider } } })),
      t("security.accounts.unlinked"),
    );
  return (
    <Card title={t("security.accounts.title")}>
      <div className="grid gap-4">
        <p className="text-ink-soft">
          {t(role === "THERAPIST" ? "security.accounts.textTherapist" : "security.accounts.text")}
        </p>
        {step.failure && <Message tone="problem">{step.failure}</Message>}
        {error && !data && <PageProblem error={error} retry={refetch} />}
        {!data && !error && <Waiting />}
        {data && (
          <ul className="divide-y divide-line border-y">
            {(["google", "zoom"] as const).map((provider) => {
              const linked = data.items.find((each) => each.provider === provider);
              const name = { provider: t(`security.accounts.${provider}`) };
              return (
                <li key={provider} className="flex flex-wrap items-center justify-between gap-3 py-3">
                  <div className="grid min-w-0 gap-0.5">
                    <p className="font-semibold">{name.provider}</p>
                    <p className="text-sm break-words text-ink-soft">
                      {linked
                        ? t("security.accounts.since", {
                            email: linked.email,
                            when: inWords(linked.linkedAt, "date"),
                          })
                        : t("security.accounts.notLinked")}
                    </p>
                  </div>
                  <Button
                    look={linked ? "quiet" : "plain"}
                    busy={step.busy === provider}
                    aria-label={t(
                      linked ? "security.accounts.unlinkNamed" : "security.accounts.linkNamed",
                      name,
                    )}
                    onClick={() => void (linked ? unlink(provider) : link(provider))}
                  >
                    {t(linked ? "security.accounts.unlink" : "security.accounts.link")}
                  </Button>
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </Card>
  );
}
