/** Trainings: one at a time, its steps, its log, its report. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { useRequestKey } from "@/api/request_key";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field } from "@/ui/field";
import { MoreButton } from "@/ui/more_button";
import { Empty, Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { useToast } from "@/ui/toast";

type Run = Shape<"ShownRun">;
const LOOKED_AT_MS = 10_000;
const DEFAULT_DAYS = 30;
const TONES = { queued: "plain", running: "warm", succeeded: "good", failed: "grave" } as const;

export function TrainingRuns() {
  const { t } = useTranslation(["admin", "common"]);
  const asked = useInfiniteQuery({
    queryKey: ["ml", "runs"],
    queryFn: ({ pageParam }) =>
      call(api.GET("/api/ml/training-runs", { params: { query: { limit: 10, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: LOOKED_AT_MS,
  });
  const runs = asked.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card title={t("models.runs")}>
      <StartTraining />
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.isSuccess && runs.length === 0 && <Empty>{t("models.noRuns")}</Empty>}
      <ul className="grid gap-3">
        {runs.map((run) => (
          <li key={run.id} className="rounded-control border p-3">
            <RunLine run={run} />
          </li>
        ))}
      </ul>
      <MoreButton asked={asked} />
    </Card>
  );
}

function StartTraining() {
  const { t } = useTranslation("admin");
  const store = useQueryClient();
  const tell = useToast();
  const starting = useRequestKey();
  const start = useMutation({
    mutationFn: (feedbackDays: number) =>
      starting.under({ feedbackDays }, (body, key) =>
        call(api.POST("/api/ml/retrain", { params: { header: { "Idempotency-Key": key } }, body })),
      ),
    onSuccess: () => tell(t("models.run.started")),
    onSettled: () => store.invalidateQueries({ queryKey: ["ml", "runs"] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    start.mutate(Number(new FormData(event.currentTarget).get("days")) || DEFAULT_DAYS);
  };
  return (
    <form onSubmit={submit} className="mb-5 flex flex-wrap items-end gap-3" noValidate>
      <Field
        label={t("models.run.days")}
        name="days"
        type="number"
        min={1}
        max={365}
        defaultValue={DEFAULT_DAYS}
        className="w-64"
      />
      <Button type="submit" look="plain" busy={start.isPending}>
        {t("models.run.start")}
      </Button>
      {start.error && <Message tone="problem">{problemWords(start.error)}</Message>}
    </form>
  );
}

/** A step or an ending of a training in words, where this release knows it. */
function useRunWords() {
  const { t, i18n } = useTranslation("admin");
  return (of: "stages" | "errors", code: string) => {
    const key = `models.run.${of}.${code}`;
    return i18n.exists(key, { ns: "admin" }) ? t(key as "models.run.stages.begun") : null;
  };
}

function RunLine({ run }: { run: Run }) {
  const { t } = useTranslation("admin");
  const words = useRunWords();
  const [open, setOpen] = useState(false);
  const began = inWords(run.startedAt ?? run.createdAt, "dayAndTime");
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <Badge tone={TONES[run.status]}>{t(`models.run.${run.status}`)}</Badge>
        <Button
          look="link"
          size="text"
          aria-expanded={open}
          aria-label={t("models.run.show", { time: began })}
          onClick={() => setOpen(!open)}
        >
          {began}
        </Button>
        <span className="text-sm text-ink-soft">{t(`models.run.by.${run.trigger}`)}</span>
        {run.examples !== null && (
          <span className="text-sm text-ink-soft">{t("models.run.examples", { count: run.examples })}</span>
        )}
        {run.stage && run.status === "running" && (
          <span>{t("models.run.stage", { stage: words("stages", run.stage) ?? run.stage })}</span>
        )}
        {run.error && (
          <span className="text-sm text-petal">
            {words("errors", run.error) ?? t("models.run.otherError", { code: run.error })}
          </span>
        )}
      </div>
      {open && <RunInFull run={run} />}
    </div>
  );
}

function RunInFull({ run }: { run: Run }) {
  const { t } = useTranslation("admin");
  const asked = useQuery({
    queryKey: ["ml", "runs", run.id],
    queryFn: () => call(api.GET("/api/ml/training-runs/{id}", { params: { path: { id: run.id } } })),
    refetchInterval: run.status === "running" ? LOOKED_AT_MS : false,
  });
  if (asked.isPending) return <Waiting />;
  if (asked.error && !asked.data) return <PageProblem error={asked.error} retry={asked.refetch} />;
  const { log } = asked.data;
  return (
    <div className="grid gap-2">
      {run.status === "succeeded" && (
        <p>
          <Button asChild look="plain">
            <a href={`/api/ml/training-runs/${run.id}/report`} target="_blank" rel="noreferrer">
              <ExternalLink aria-hidden />
              {t("models.run.report")}
            </a>
          </Button>
        </p>
      )}
      <h3>{t("models.run.log")}</h3>
      {log.length === 0 ? (
        <p className="text-ink-soft">{t("models.run.noLog")}</p>
      ) : (
        <pre className="max-h-72 overflow-auto rounded-control bg-raised p-3 text-sm whitespace-pre-wrap">
          {log.join("\n")}
        </pre>
      )}
    </div>
  );
}
