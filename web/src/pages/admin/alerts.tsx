/** Alerts as an administrator sees them: when, how far, by whom; never what was written. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { fromNow, inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Card } from "@/ui/card";
import { Select } from "@/ui/field";
import { MoreButton } from "@/ui/more_button";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { Cell, Table } from "@/ui/table";
import { OnCall } from "./on_call";

type Status = Shape<"RiskStatus">;
const STATUSES: readonly Status[] = ["open", "acknowledged", "in_progress", "resolved"];
const LOOKED_AT_MS = 30_000;

export default function AlertsPage() {
  const { t } = useTranslation("admin");
  return (
    <Page title={t("alerts.title")} lead={t("alerts.lead")} width="wide">
      <WayOfAnAlert />
      <AlertsByState />
      <OnCall />
    </Page>
  );
}

function WayOfAnAlert() {
  const { t } = useTranslation("admin");
  const asked = useQuery({
    queryKey: ["alerts", "status"],
    queryFn: () => call(api.GET("/api/alerts/status")),
    refetchInterval: LOOKED_AT_MS,
  });
  if (asked.isPending) return <Waiting />;
  if (asked.error && !asked.data) return <PageProblem error={asked.error} retry={asked.refetch} />;
  const { onCall, waiting, unscored, probe, crisisLinesCheckedOn } = asked.data;
  const figures = [
    { name: t("alerts.status.onCall"), value: onCall, tone: onCall ? "good" : "warm" },
    { name: t("alerts.status.waiting"), value: waiting, tone: waiting ? "warm" : "good" },
    { name: t("alerts.status.unscored"), value: unscored, tone: unscored ? "warm" : "good" },
  ] as const;
  return (
    <Card title={t("alerts.status.title")}>
      <dl className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
        {figures.map(({ name, value, tone }) => (
          <div key={name} className="grid gap-1">
            <dt className="text-sm text-ink-soft">{name}</dt>
            <dd className="text-2xl font-bold">
              <Badge tone={tone}>{value}</Badge>
            </dd>
          </div>
        ))}
        <div className="grid gap-1">
          <dt className="text-sm text-ink-soft">{t("alerts.status.probe")}</dt>
          <dd className="grid gap-1">
            <span>
              <Badge tone={probe.state === "alarm" ? "grave" : probe.state === "arrived" ? "good" : "plain"}>
                {t(`alerts.status.probes.${probe.state}`)}
              </Badge>
            </span>
            {probe.arrivedAt && (
              <span className="text-sm text-ink-soft">
                {t("alerts.status.arrivedAt", { time: fromNow(probe.arrivedAt) })}
              </span>
            )}
          </dd>
        </div>
      </dl>
      <p className="mt-4 text-sm text-ink-soft">
        {t("alerts.status.lines", { date: inWords(`${crisisLinesCheckedOn}T12:00:00Z`, "date", "UTC") })}
      </p>
    </Card>
  );
}

function AlertsByState() {
  const { t } = useTranslation(["admin", "common"]);
  const [status, setStatus] = useState<Status | "">("");
  const asked = useInfiniteQuery({
    queryKey: ["alerts", "list", status],
    queryFn: ({ pageParam }) =>
      call(api.GET("/api/alerts", { params: { query: { status: status || undefined, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: LOOKED_AT_MS,
  });
  const alerts = asked.data?.pages.flatMap((page) => page.items) ?? [];
  const columns = ["opened", "waiting", "state", "step", "therapist", "next"] as const;
  return (
    <Card
      title={t("alerts.list")}
      aside={
        <Select
          label={t("alerts.filter")}
          hideLabel
          value={status}
          onChange={(event) => setStatus(event.target.value as Status | "")}
        >
          <option value="">{t("alerts.all")}</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {t(`alerts.states.${each}`)}
            </option>
          ))}
        </Select>
      }
    >
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.isSuccess && alerts.length === 0 && <Empty>{t("alerts.none")}</Empty>}
      {alerts.length > 0 && (
        <Table name={t("alerts.table")} columns={columns.map((column) => t(`alerts.columns.${column}`))}>
          {alerts.map((alert) => (
            <tr key={alert.id}>
              <Cell>{inWords(alert.openedAt, "dayAndTime")}</Cell>
              <Cell>{alert.status === "open" ? fromNow(alert.waitingSince) : "–"}</Cell>
              <Cell>
                <Badge tone={alert.status === "open" ? "warm" : "plain"}>
                  {t(`alerts.states.${alert.status}`)}
                </Badge>
              </Cell>
              <Cell>{t(`alerts.steps.${alert.escalationStep}`)}</Cell>
              <Cell>{alert.therapist.name}</Cell>
              <Cell>{alert.nextEscalationAt ? fromNow(alert.nextEscalationAt) : "–"}</Cell>
            </tr>
          ))}
        </Table>
      )}
      <MoreButton asked={asked} />
    </Card>
  );
}
