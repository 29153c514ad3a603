/** Who is asked where an alert finds no answer, in which order. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { deviceZone, inWords, zoneName } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Card } from "@/ui/card";
import { Empty, PageProblem, Waiting } from "@/ui/states";

export function OnCallCard() {
  const { t } = useTranslation("messages");
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["on-call"],
    queryFn: () => call(api.GET("/api/alerts/on-call")),
  });
  return (
    <Card title={t("alerts.onCall")}>
      <p className="mb-4 text-ink-soft">{t("alerts.onCallLead")}</p>
      {isPending && <Waiting />}
      {error && !data && <PageProblem error={error} retry={refetch} />}
      {data?.entries.length === 0 && <Empty>{t("alerts.onCallNone")}</Empty>}
      <ol className="grid gap-3 empty:hidden">
        {data?.entries.map((entry, index) => (
          <li
            key={`${entry.therapistId} ${entry.startsAt}`}
            className="flex flex-wrap items-center gap-x-3 gap-y-1"
          >
            <span className="w-6 text-ink-soft tabular-nums">{index + 1}.</span>
            <strong>{entry.name}</strong>
            <Badge tone={entry.isOnCall ? "good" : "plain"}>
              {t(entry.isOnCall ? "alerts.onCallNow" : "alerts.onCallLater")}
            </Badge>
            <span className="text-sm text-ink-soft">
              <Times entry={entry} /> · {t(entry.byMail ? "alerts.byMail" : "alerts.notByMail")}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Times({ entry: { startsAt, endsAt } }: { entry: Shape<"ShownOnCallEntry"> }) {
  const { t } = useTranslation("messages");
  const [from, to] = [startsAt, endsAt].map((moment) => moment && inWords(moment, "dayAndTime"));
  const zone = zoneName(deviceZone());
  if (from && to) return `${t("alerts.onCallTimes", { from, to })} (${zone})`;
  if (from) return `${t("alerts.onCallFrom", { from })} (${zone})`;
  return to ? `${t("alerts.onCallTo", { to })} (${zone})` : t("alerts.onCallAlways");
}
