/** Who is told of alerts that others leave unanswered, in their order; each change is kept at once. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { queryClient } from "@/api/queries";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Empty, Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { OnCallDialog } from "./on_call_dialog";

type Entry = Shape<"NewOnCallEntry">;
type Shown = Shape<"ShownOnCallEntry">;

const KEY = ["alerts", "on-call"] as const;

export function OnCall() {
  const { t } = useTranslation("admin");
  const [adding, setAdding] = useState(false);
  const tell = useToast();
  const list = useQuery({ queryKey: KEY, queryFn: () => call(api.GET("/api/alerts/on-call")) });
  const change = useMutation({
    mutationFn: (entries: Entry[]) => {
      const given = entries.map(({ therapistId, startsAt, endsAt }) => ({ therapistId, startsAt, endsAt }));
      const body = { revision: list.data?.revision ?? "", entries: given };
      return call(api.PUT("/api/alerts/on-call", { body }));
    },
    onSuccess: (kept) => {
      queryClient.setQueryData(KEY, kept);
      void queryClient.invalidateQueries({ queryKey: ["alerts", "status"] });
      tell(t("onCall.kept"));
    },
    // Where somebody else was quicker, their list is shown.
    onError: () => void list.refetch(),
  });
  const entries = list.data?.entries ?? [];
  const without = (place: number) => entries.filter((_, other) => other !== place);
  const moved = (place: number, by: number) => {
    const entry = entries[place];
    return entry ? without(place).toSpliced(place + by, 0, entry) : entries;
  };
  return (
    <Card
      title={t("onCall.title")}
      aside={
        <Button look="plain" onClick={() => setAdding(true)}>
          <Plus aria-hidden />
          {t("onCall.add")}
        </Button>
      }
    >
      <p className="mb-4 text-ink-soft">{t("onCall.lead")}</p>
      {change.error && <Message tone="problem">{problemWords(change.error)}</Message>}
      {list.isPending && <Waiting />}
      {list.error && <PageProblem error={list.error} retry={list.refetch} />}
      {list.isSuccess && !entries.length && <Empty>{t("onCall.none")}</Empty>}
      <ol className="grid divide-y divide-line empty:hidden">
        {entries.map((entry, place) => (
          <Line
            key={`${entry.therapistId} ${entry.startsAt} ${entry.endsAt}`}
            entry={entry}
            isFirst={place === 0}
            isLast={place === entries.length - 1}
            busy={change.isPending}
            onMove={(by) => change.mutate(moved(place, by))}
            onRemove={() => change.mutate(without(place))}
          />
        ))}
      </ol>
      {adding && (
        <OnCallDialog
          onAdd={(entry) => change.mutateAsync([...entries, entry])}
          onClose={() => setAdding(false)}
        />
      )}
    </Card>
  );
}

interface LineProps {
  entry: Shown;
  isFirst: boolean;
  isLast: boolean;
  busy: boolean;
  onMove: (by: 1 | -1) => void;
  onRemove: () => void;
}

function Line({ entry, isFirst, isLast, busy, onMove, onRemove }: LineProps) {
  const { t } = useTranslation("admin");
  const { name } = entry;
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 py-3 first:pt-0 last:pb-0">
      <div className="grid gap-1">
        <p className="flex flex-wrap items-center gap-3 font-semibold">
          {name}
          <Badge tone={entry.isOnCall ? "good" : "plain"}>
            {t(entry.isOnCall ? "onCall.now" : "onCall.notNow")}
          </Badge>
        </p>
        <p className="text-sm text-ink-soft">
          <Times entry={entry} />
          {" · "}
          {t(entry.byMail ? "onCall.byMail" : "onCall.inProduct")}
        </p>
      </div>
      <div className="flex">
        <Button
          look="quiet"
          size="icon"
          aria-label={t("onCall.up", { name })}
          disabled={isFirst || busy}
          onClick={() => onMove(-1)}
        >
          <ArrowUp aria-hidden />
        </Button>
        <Button
          look="quiet"
          size="icon"
          aria-label={t("onCall.down", { name })}
          disabled={isLast || busy}
          onClick={() => onMove(1)}
        >
          <ArrowDown aria-hidden />
        </Button>
        <Button
          look="quiet"
          size="icon"
          aria-label={t("onCall.remove", { name })}
          disabled={busy}
          onClick={onRemove}
        >
          <X aria-hidden />
        </Button>
      </div>
    </li>
  );
}

function Times({ entry: { startsAt, endsAt } }: { entry: Shown }) {
  const { t } = useTranslation("admin");
  const from = startsAt && inWords(startsAt, "dayAndTime");
  const until = endsAt && inWords(endsAt, "dayAndTime");
  if (from && until) return t("onCall.between", { from, until });
  if (from) return t("onCall.from", { time: from });
  return until ? t("onCall.until", { time: until }) : t("onCall.anyTime");
}
