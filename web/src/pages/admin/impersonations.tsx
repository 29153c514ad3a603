/** Which administrator looked on as whom, why, and how it ended; one that is under way can be ended here. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { MoreButton } from "@/ui/more_button";
import { Empty, Message, PageProblem, problemWords, Waiting } from "@/ui/states";

type Impersonation = Shape<"ShownImpersonation">;

const KEY = ["impersonations"] as const;

export function Impersonations() {
  const { t } = useTranslation(["admin", "common"]);
  const asked = useInfiniteQuery({
    queryKey: KEY,
    queryFn: ({ pageParam }) =>
      call(api.GET("/api/admin/impersonations", { params: { query: { limit: 10, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const all = asked.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Card title={t("impersonations.title")}>
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.isSuccess && all.length === 0 && <Empty>{t("impersonations.none")}</Empty>}
      <ul className="grid divide-y divide-line empty:hidden">
        {all.map((one) => (
          <Line key={one.id} one={one} />
        ))}
      </ul>
      <MoreButton asked={asked} />
    </Card>
  );
}

function Line({ one }: { one: Impersonation }) {
  const { t } = useTranslation("admin");
  const store = useQueryClient();
  const end = useMutation({
    mutationFn: () =>
      call(api.DELETE("/api/admin/impersonations/{id}", { params: { path: { id: one.id } } })),
    onSettled: () => store.invalidateQueries({ queryKey: KEY }),
  });
  const names = { administrator: one.administrator.name, user: one.user.name };
  const open = !one.ending && Date.parse(one.expiresAt) > Date.now();
  return (
    <li className="grid gap-1 py-3 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-semibold">{t("impersonations.who", names)}</span>
        <Badge tone={open ? "warm" : "plain"}>
          {open
            ? t("impersonations.open", { time: inWords(one.expiresAt, "time") })
            : t(`impersonations.endings.${one.ending ?? "expired"}`)}
        </Badge>
        {open && (
          <Button
            look="plain"
            size="small"
            className="ml-auto min-h-11"
            busy={end.isPending}
            aria-label={t("impersonations.endOf", names)}
            onClick={() => end.mutate()}
          >
            {t("impersonations.end")}
          </Button>
        )}
      </div>
      <p className="text-sm text-ink-soft">
        <time dateTime={one.beganAt}>{inWords(one.beganAt, "dayAndTime")}</time>
        {" · "}
        {t(`users.look.reasons.${one.reasonCode}`)}
      </p>
      <p className="max-w-prose wrap-anywhere">{one.reason}</p>
      {end.error && <Message tone="problem">{problemWords(end.error)}</Message>}
    </li>
  );
}
