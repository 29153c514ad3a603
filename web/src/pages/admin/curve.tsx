/** One number by day: a curve, its sentence for who cannot see it, and the same as a table. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Area, AreaChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { api, call, type Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { Cell, Table } from "@/ui/table";
import { countInWords, shareInWords } from "./models/figures";

const DAYS = 30;
const DAY_MS = 86_400_000;
const HEIGHT = 220;

export default function Curve({ metric }: { metric: Shape<"Metric"> }) {
  const { t } = useTranslation("admin");
  const from = new Date(Date.now() - (DAYS - 1) * DAY_MS).toISOString().slice(0, 10);
  const asked = useQuery({
    queryKey: ["timeseries", metric, from],
    queryFn: () => call(api.GET("/api/admin/timeseries", { params: { query: { metric, from } } })),
  });
  if (asked.isPending) return <Waiting />;
  if (asked.error && !asked.data) return <PageProblem error={asked.error} retry={asked.refetch} />;
  const points = asked.data.points.filter((point) => point.value !== null);
  if (points.length === 0) return <Empty>{t("dashboard.noPoints")}</Empty>;
  const words = metric === "model-accuracy" ? shareInWords : countInWords;
  const day = (date: string) => inWords(`${date}T12:00:00Z`, "date", "UTC");
  const last = points[points.length - 1] as Shape<"Point">;
  return (
    <figure className="grid grid-cols-[minmax(0,1fr)] gap-3">
      <figcaption className="text-sm text-ink-soft">
        {t("dashboard.curve", { value: words(last.value ?? 0), date: day(last.date), days: DAYS })}
      </figcaption>
      <div aria-hidden className="overflow-hidden" style={{ height: HEIGHT }}>
        <ResponsiveContainer width="100%" height="100%">
          <AreaChart
            data={points}
            margin={{ top: 4, right: 8, bottom: 0, left: 0 }}
            accessibilityLayer={false}
          >
            <CartesianGrid vertical={false} stroke="var(--line)" />
            <XAxis
              dataKey="date"
              tickFormatter={(date: string) => inWords(`${date}T12:00:00Z`, "day", "UTC")}
              tick={{ fill: "var(--ink-soft)", fontSize: 12 }}
              stroke="var(--line-strong)"
              minTickGap={48}
            />
            <YAxis
              width={44}
              allowDecimals={metric === "model-accuracy"}
              tick={{ fill: "var(--ink-soft)", fontSize: 12 }}
              stroke="var(--line-strong)"
            />
            <Tooltip
              labelFormatter={(date) => day(String(date))}
              formatter={(value) => [words(Number(value)), t(`dashboard.metrics.${metric}`)]}
              contentStyle={{
                background: "var(--surface)",
                borderColor: "var(--line)",
                color: "var(--ink)",
                borderRadius: 10,
              }}
              itemStyle={{ color: "var(--ink)" }}
            />
            <Area
              type="monotone"
              dataKey="value"
              stroke="var(--leaf)"
              strokeWidth={2}
              fill="var(--leaf-soft)"
              isAnimationActive={false}
              dot={points.length === 1}
            />
          </AreaChart>
        </ResponsiveContainer>
      </div>
      <details>
        <summary className="min-h-11 py-2 text-sm font-semibold text-leaf">{t("dashboard.asTable")}</summary>
        <div className="mt-2 max-h-72 overflow-y-auto">
          <Table
            name={t(`dashboard.metrics.${metric}`)}
            columns={[t("dashboard.day"), t(`dashboard.metrics.${metric}`)]}
          >
            {points.map((point) => (
              <tr key={point.date}>
                <Cell>{day(point.date)}</Cell>
                <Cell>{words(point.value ?? 0)}</Cell>
              </tr>
            ))}
          </Table>
        </div>
      </details>
    </figure>
  );
}
