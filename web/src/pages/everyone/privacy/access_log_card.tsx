import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { PageProblem, Waiting } from "@/ui/states";

/** Entries a page. */
const PAGE = 25;

/** Who, other than oneself, looked at one's record. It is asked for on a press: looking leaves a trace of its own. */
export function AccessLogCard({ title }: { title: string }) {
  const { t } = useTranslation("settings");
  const [open, setOpen] = useState(false);
  return (
    <Card title={title}>
      <div className="grid gap-4">
        <p className="text-ink-soft">{t("privacy.logText")}</p>
        {open ? (
          <AccessLog />
        ) : (
          <p>
            <Button look="plain" onClick={() => setOpen(true)}>
              {t("privacy.logOpen")}
            </Button>
          </p>
        )}
      </div>
    </Card>
  );
}

function AccessLog() {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const log = useInfiniteQuery({
    queryKey: ["access-log"],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/user/access-log", {
          params: { query: { limit: PAGE, ...(pageParam && { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor,
  });
  if (log.error && !log.data) return <PageProblem error={log.error} retry={log.refetch} />;
  if (!log.data) return <Waiting />;
  const looks = log.data.pages.flatMap(({ items }) => items);
  if (!looks.length) return <p>{t("privacy.logNone")}</p>;
  return (
    <>
      <ul className="divide-y divide-line border-y">
        {together(looks).map(([look, ...same]) => (
          <Look key={look.id} look={look} times={same.length + 1} />
        ))}
      </ul>
      {log.hasNextPage && (
        <p>
          <Button look="plain" busy={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
            {words("more")}
          </Button>
        </p>
      )}
    </>
  );
}

type OneLook = Shape<"Look">;

/** What the same person did in the same minute is said once: a page that is looked at asks for several things. */
function together(looks: readonly OneLook[]): [OneLook, ...OneLook[]][] {
  const found = new Map<string, [OneLook, ...OneLook[]]>();
  for (const look of looks) {
    const { at, name, by, deed, ending } = look;
    const key = JSON.stringify([at.slice(0, "2026-01-01T00:00".length), name, by, deed, ending]);
    const same = found.get(key);
    if (same) same.push(look);
    else found.set(key, [look]);
  }
  return [...found.values()];
}

function Look({ look, times }: { look: OneLook; times: number }) {
  const { t } = useTranslation("settings");
  const deeds = useTranslation("deeds").t;
  const who = look.name ?? t(`privacy.doers.${look.by}`);
  return (
    <li className="grid gap-0.5 py-3">
      <p>
        {t("privacy.entry", { who, deed: deeds(look.deed) })}{" "}
        {look.ending !== "done" && t(`privacy.endings.${look.ending}`)}
      </p>
      <p className="text-sm text-ink-soft">
        <time dateTime={look.at}>{inWords(look.at, "dateAndTime")}</time>
        {times > 1 && ` · ${t("privacy.often", { count: times })}`}
      </p>
    </li>
  );
}
