/** The whole at a glance: totals, how they grow, how right the model is, which alerts wait. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call, type Shape } from "@/api/client";
import { fromNow } from "@/i18n/times";
import { Card } from "@/ui/card";
import { Page } from "@/ui/page";
import { PageProblem, Waiting } from "@/ui/states";
import { AlertsByAge } from "./alerts_by_age";
import { countInWords, shareInWords } from "./models/figures";

/** Recharts is fetched only where a curve is shown. */
const Curve = lazy(() => import("./curve"));
const METRICS: readonly Shape<"Metric">[] = [
  "sign-ups",
  "sessions",
  "messages",
  "risk-events",
  "model-accuracy",
];
const COUNTED_AGAIN_MS = 60_000;

export default function DashboardPage() {
  const { t } = useTranslation("admin");
  const asked = useQuery({
    queryKey: ["stats"],
    queryFn: () => call(api.GET("/api/admin/stats")),
    refetchInterval: COUNTED_AGAIN_MS,
  });
  return (
    <Page
      title={t("dashboard.title")}
      lead={asked.data && t("dashboard.counted", { time: fromNow(asked.data.cachedAt) })}
      width="wide"
    >
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.data && <Totals stats={asked.data} />}
      <AlertsByAge />
      <div className="grid gap-6 xl:grid-cols-2">
        {METRICS.map((metric) => (
          <Card key={metric} title={t(`dashboard.metrics.${metric}`)}>
            <Suspense fallback={<Waiting />}>
              <Curve metric={metric} />
            </Suspense>
          </Card>
        ))}
      </div>
    </Page>
  );
}

function Totals({ stats }: { stats: Shape<"Statistics"> }) {
  const { t } = useTranslation("admin");
  const counts = [
    "totalUsers",
    "patients",
    "therapists",
    "administrators",
    "newUsersLast7Days",
    "activeSessions",
    "messagesToday",
    "appointmentsToday",
    "openRiskEvents",
  ] as const;
  return (
    <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5">
      {counts.map((name) => (
        <Total key={name} name={t(`dashboard.totals.${name}`)} value={countInWords(stats[name])} />
      ))}
      <Total
        name={t("dashboard.totals.therapistsAwaitingVerification")}
        value={
          <Link to="/admin/licences" className="underline underline-offset-4">
            {countInWords(stats.therapistsAwaitingVerification)}
          </Link>
        }
      />
      <Total name={t("dashboard.totals.modelAccuracy")} value={shareInWords(stats.modelAccuracy)} />
    </dl>
  );
}

function Total({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <div className="flex flex-col-reverse justify-end rounded-card border bg-surface p-4 shadow-card">
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className="text-2xl font-bold tabular-nums">{value}</dd>
    </div>
  );
}
