/** Grafana's dashboards inside the product, by an address that is good for five minutes and for this frame alone. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Select } from "@/ui/field";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";

const DASHBOARDS = ["overview", "messaging", "booking", "auth", "model", "database", "cost"] as const;
/** The address lasts five minutes; a new one is asked for before. */
const RENEWED_MS = 4 * 60_000;

export default function MetricsPage() {
  const { t } = useTranslation("admin");
  const [dashboard, setDashboard] = useState<(typeof DASHBOARDS)[number]>("overview");
  return (
    <Page title={t("metrics.title")} lead={t("metrics.lead")} width="wide">
      <Select
        label={t("metrics.dashboard")}
        className="max-w-xs"
        value={dashboard}
        onChange={(event) => setDashboard(event.target.value as typeof dashboard)}
      >
        {DASHBOARDS.map((name) => (
          <option key={name} value={name}>
            {t(`metrics.dashboards.${name}`)}
          </option>
        ))}
      </Select>
      <EmbeddedDashboard
        name={dashboard}
        title={t("metrics.frame", { name: t(`metrics.dashboards.${dashboard}`) })}
      />
    </Page>
  );
}

function EmbeddedDashboard({ name, title }: { name: string; title: string }) {
  const { t } = useTranslation("admin");
  const asked = useQuery({
    queryKey: ["grafana", name],
    queryFn: () => call(api.GET("/api/admin/grafana", { params: { query: { dashboard: name } } })),
    retry: false,
    staleTime: RENEWED_MS,
    refetchInterval: (query) => (query.state.data ? RENEWED_MS : false),
  });
  if (asked.isPending) return <Waiting />;
  if (asked.error instanceof Problem && asked.error.kind === "dashboards-not-offered") {
    return (
      <Card>
        <Empty
          action={
            <Button asChild look="plain">
              <Link to="/admin">{t("metrics.home")}</Link>
            </Button>
          }
        >
          {t("metrics.notHere")}
        </Empty>
      </Card>
    );
  }
  return (
    <>
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.data && (
        <iframe
          title={title}
          src={asked.data.url}
          className="h-[75dvh] w-full rounded-card border bg-surface"
          sandbox="allow-scripts allow-same-origin"
          referrerPolicy="no-referrer"
        />
      )}
    </>
  );
}
