/** /alerts: where something a patient wrote may need this therapist, what waits first. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Button } from "@/ui/button";
import { MoreButton } from "@/ui/more_button";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { AlertCard } from "./alert_card";
import { BrowserNotices } from "./browser_notices";
import { OnCallCard } from "./on_call_card";

type Status = Shape<"RiskStatus">;
export type Alert = Shape<"ShownAlert">;

export default function Alerts() {
  const { t } = useTranslation("messages");
  const [withResolved, setWithResolved] = useState(false);
  return (
    <Page title={t("alerts.title")} lead={t("alerts.lead")}>
      <Group title={t("alerts.waiting")} none={t("alerts.noneWaiting")} statuses={["open"]} longestFirst />
      <Group
        title={t("alerts.inHand")}
        none={t("alerts.noneInHand")}
        statuses={["in_progress", "acknowledged"]}
      />
      {withResolved ? (
        <Group title={t("alerts.resolved")} none={t("alerts.noneResolved")} statuses={["resolved"]} />
      ) : (
        <Button look="plain" className="justify-self-start" onClick={() => setWithResolved(true)}>
          {t("alerts.showResolved")}
        </Button>
      )}
      <BrowserNotices />
      <OnCallCard />
    </Page>
  );
}

interface GroupProps {
  title: string;
  none: string;
  statuses: readonly Status[];
  longestFirst?: boolean;
}

function Group({ title, none, statuses, longestFirst = false }: GroupProps) {
  return (
    <section className="grid gap-3" aria-label={title}>
      <h2>{title}</h2>
      {statuses.map((status, index) => (
        <OfStatus
          key={status}
          status={status}
          none={index === statuses.length - 1 ? none : null}
          longestFirst={longestFirst}
        />
      ))}
    </section>
  );
}

function OfStatus({
  status,
  none,
  longestFirst,
}: {
  status: Status;
  none: string | null;
  longestFirst: boolean;
}) {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useInfiniteQuery({
      queryKey: ["alerts", "list", status],
      initialPageParam: undefined as string | undefined,
      queryFn: ({ pageParam }) =>
        call(api.GET("/api/alerts", { params: { query: { status, cursor: pageParam } } })),
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      refetchInterval: 60_000,
    });
  const found = data?.pages.flatMap(({ items }) => items) ?? [];
  const alerts = longestFirst
    ? found.toSorted((a, b) => a.waitingSince.localeCompare(b.waitingSince))
    : found;
  if (isPending) return <Waiting />;
  if (error && !data) return <PageProblem error={error} retry={refetch} />;
  if (!alerts.length) return none && <Empty>{none}</Empty>;
  return (
    <>
      <ul className="grid gap-3">
        {alerts.map((alert) => (
          <li key={alert.id}>
            <AlertCard alert={alert} />
          </li>
        ))}
      </ul>
      <MoreButton asked={{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </>
  );
}
