/** Alerts that are not resolved, by how long they have waited. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { Card } from "@/ui/card";
import { ShareBars } from "@/ui/share_bars";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { AGES, byAge } from "./ages";
import { countInWords } from "./models/figures";

const LOOKED_AT_MS = 30_000;
/** One page of each state; more than that is told as "at least". */
const PAGE = 200;

async function unresolved() {
  const pages = await Promise.all(
    (["open", "acknowledged", "in_progress"] as const).map((status) =>
      call(api.GET("/api/alerts", { params: { query: { status, limit: PAGE } } })),
    ),
  );
  return {
    alerts: pages.flatMap(({ items }) => items),
    more: pages.some(({ nextCursor }) => nextCursor !== null),
  };
}

export function AlertsByAge() {
  const { t } = useTranslation("admin");
  const asked = useQuery({
    queryKey: ["alerts", "ages"],
    queryFn: unresolved,
    refetchInterval: LOOKED_AT_MS,
  });
  if (asked.isPending) return <Waiting />;
  if (asked.error && !asked.data) return <PageProblem error={asked.error} retry={asked.refetch} />;
  const counts = byAge(
    asked.data.alerts.map(({ openedAt }) => openedAt),
    Date.now(),
  );
  const most = Math.max(1, ...Object.values(counts));
  return (
    <Card
      title={t("dashboard.alerts")}
      aside={
        <Link to="/admin/alerts" className="font-semibold text-leaf underline underline-offset-4">
          {t("dashboard.allAlerts")}
        </Link>
      }
    >
      {asked.data.alerts.length === 0 ? (
        <Empty>{t("dashboard.noAlerts")}</Empty>
      ) : (
        <ShareBars
          name={t("dashboard.alerts")}
          shares={AGES.map((age) => ({
            name: t(`dashboard.ages.${age}`),
            value: counts[age] / most,
            words: countInWords(counts[age]),
            marked: counts[age] > 0,
          }))}
        />
      )}
      {asked.data.more && <p className="mt-2 text-sm text-ink-soft">{t("dashboard.more")}</p>}
    </Card>
  );
}
