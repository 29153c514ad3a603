import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { deviceWords } from "../device_words";
import { useStep } from "./use_step";

const KEY = ["trusted"];

/** Browsers in which no code is asked for. */
export function TrustedCard() {
  const { t } = useTranslation("settings");
  const { data, error, refetch } = useQuery({
    queryKey: KEY,
    queryFn: () => call(api.GET("/api/auth/trusted-devices")),
  });
  const step = useStep(KEY);
  const end = (id: string) =>
    step.run(
      id,
      () => call(api.DELETE("/api/auth/trusted-devices/{id}", { params: { path: { id } } })),
      t("security.trusted.ended"),
    );
  return (
    <Card title={t("security.trusted.title")}>
      <div className="grid gap-4">
        <p className="text-ink-soft">{t("security.trusted.text")}</p>
        {step.failure && <Message tone="problem">{step.failure}</Message>}
        {error && !data && <PageProblem error={error} retry={refetch} />}
        {!data && !error && <Waiting />}
        {data && !data.items.length && <p>{t("security.trusted.none")}</p>}
        {data && data.items.length > 0 && (
          <ul className="divide-y divide-line border-y">
            {data.items.map(({ id, device, current, createdAt, expiresAt }) => {
              const words = deviceWords(device, t);
              return (
                <li key={id} className="flex flex-wrap items-center justify-between gap-3 py-3">
                  <div className="grid gap-0.5">
                    <p className="flex flex-wrap items-center gap-2 font-semibold">
                      {words}
                      {current && <Badge tone="good">{t("security.sessions.here")}</Badge>}
                    </p>
                    <p className="text-sm text-ink-soft">
                      {t("security.trusted.since", { date: inWords(createdAt, "date") })} ·{" "}
                      {t("security.trusted.until", { date: inWords(expiresAt, "date") })}
                    </p>
                  </div>
                  <Button
                    look="quiet"
                    aria-label={t("security.trusted.endNamed", { device: words })}
                    busy={step.busy === id}
                    onClick={() => void end(id)}
                  >
                    {t("security.trusted.end")}
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
