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
        {looks.map((look) => (
          <Look key={look.id} look={look} />
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

function Look({ look }: { look: Shape<"Look"> }) {
  const { t } = useTranslation("settings");
  const deeds = useTranslation("deeds").t;
  const who = look.name ?? t(`privacy.doers.${look.by}`);
  return (
    <li className="grid gap-0.5 py-3">
      <p>
        {t("privacy.entry", { who, deed: deeds(look.deed) })} {t(`privacy.endings.${look.ending}`)}
      </p>
      <p className="text-sm text-ink-soft">
        <time dateTime={look.at}>{inWords(look.at, "dateAndTime")}</time>
      </p>
    </li>
  );
}
