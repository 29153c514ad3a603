/** /review: analyses whose answer teaches the model most, one at a time and without names. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, newKey, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Page } from "@/ui/page";
import { Empty, Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { PROGRESS } from "./progress";
import { LABELS, type Label, percent, Scores } from "./scores";

type Queued = Shape<"QueuedAnalysis">;

const AT_ONCE = 20;

export default function Review() {
  const { t } = useTranslation("messages");
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ["review-queue"],
    queryFn: () => call(api.GET("/api/ml/review-queue", { params: { query: { limit: AT_ONCE } } })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  return (
    <Page title={t("review.title")} lead={t("review.lead")} width="narrow">
      {isPending || (isFetching && !data) ? (
        <Waiting />
      ) : error && !data ? (
        <PageProblem error={error} retry={refetch} />
      ) : (
        // Another queue begins from its own start.
        <Queue
          key={data.items[0]?.analysisId ?? ""}
          items={data.items}
          isLooking={isFetching}
          onMore={refetch}
        />
      )}
    </Page>
  );
}

interface QueueProps {
  items: readonly Queued[];
  isLooking: boolean;
  onMore: () => unknown;
}

function Queue({ items, isLooking, onMore }: QueueProps) {
  const { t } = useTranslation("messages");
  const [waiting, setWaiting] = useState(items);
  const [said, setSaid] = useState("");
  const [current] = waiting;
  const done = items.length - waiting.length;
  const next = (words: string, later?: Queued) => {
    setSaid(words);
    setWaiting(([first, ...rest]) => (later && first ? [...rest, first] : rest));
  };
  return (
    <>
      {items.length > 0 && (
        <div className="grid gap-1.5">
          <progress value={done} max={items.length} className={PROGRESS} aria-labelledby="review-progress" />
          <p id="review-progress" className="text-sm text-ink-soft">
            {t("review.progress", { done, all: items.length })}
          </p>
        </div>
      )}
      <p role="status" className="sr-only">
        {said}
      </p>
      {current ? (
        <ReviewCard
          key={current.analysisId}
          queued={current}
          focused={said !== ""}
          isLast={waiting.length === 1}
          onAnswered={(words) => next(words)}
          onLater={() => next(t("review.skipped"), current)}
        />
      ) : (
        <Empty
          action={
            <Button look="plain" busy={isLooking} onClick={() => onMore()}>
              {t("review.again")}
            </Button>
          }
        >
          {t("review.done")}
        </Empty>
      )}
    </>
  );
}

interface CardProps {
  queued: Queued;
  /** It follows on another one: the keyboard stays with the cards. */
  focused: boolean;
  isLast: boolean;
  onAnswered: (words: string) => void;
  onLater: () => void;
}

function ReviewCard({ queued, focused, isLast, onAnswered, onLater }: CardProps) {
  const { t } = useTranslation("messages");
  const card = useRef<HTMLElement>(null);
  const key = useRef(newKey());
  useEffect(() => {
    if (focused) card.current?.focus();
  }, [focused]);
  const answer = useMutation({
    mutationFn: (correctedLabel: Label | null) =>
      call(
        api.POST("/api/ml/feedback", {
          params: { header: { "Idempotency-Key": key.current } },
          body: { analysisId: queued.analysisId, isCorrect: correctedLabel === null, correctedLabel },
        }),
      ),
    onSuccess: ({ correctedLabel }) =>
      onAnswered(t("review.answered", { label: t(`label.${correctedLabel ?? queued.label}`) })),
    onError: (reason) => {
      if (!(reason instanceof Problem) || reason.passing) return;
      if (reason.kind === "already-answered" || reason.status === 404) onAnswered(t("review.elsewhere"));
      else key.current = newKey();
    },
  });
  const give = (label: Label | null) => {
    if (!answer.isPending) answer.mutate(label === queued.label ? null : label);
  };
  const press = ({ key: pressed, ctrlKey, metaKey, altKey }: KeyboardEvent) => {
    if (ctrlKey || metaKey || altKey) return;
    const label = LABELS[Number(pressed) - 1];
    if (label) give(label);
    else if (pressed.toLowerCase() === "r") give(null);
    else if (pressed.toLowerCase() === "l" && !isLast) onLater();
  };
  return (
    // The keys count while the focus is in the card, and nowhere else.
    <Card
      ref={card}
      tabIndex={-1}
      onKeyDown={press}
      aria-label={t("review.written")}
      aria-busy={answer.isPending}
      className="grid gap-5 outline-offset-4"
    >
      <div className="flex flex-wrap items-center justify-between gap-2">
        <Badge tone="warm">{t(`review.why.${queued.reason}`)}</Badge>
        <time dateTime={queued.createdAt} className="text-sm text-ink-soft">
          {inWords(queued.createdAt, "day")}
        </time>
      </div>
      <blockquote className="max-h-80 overflow-y-auto rounded-card rounded-bl-sm bg-raised px-4 py-3 break-words whitespace-pre-wrap">
        {queued.body}
      </blockquote>
      <div className="grid gap-3">
        <p>
          {t("review.says")} <strong>{t(`label.${queued.label}`)}</strong>{" "}
          <span className="text-ink-soft">{t("analysis.sure", { percent: percent(queued.confidence) })}</span>
        </p>
        <Scores scores={queued.allScores} label={queued.label} />
      </div>
      {answer.isError && <Message tone="problem">{problemWords(answer.error)}</Message>}
      <div className="grid gap-3">
        <div className="flex flex-wrap gap-2">
          <Button busy={answer.isPending && answer.variables === null} onClick={() => give(null)}>
            {t("review.right")}
          </Button>
          {!isLast && (
            <Button look="quiet" onClick={onLater}>
              {t("review.later")}
            </Button>
          )}
        </div>
        <fieldset className="grid gap-2">
          <legend className="mb-2 font-semibold">{t("review.notThis")}</legend>
          <div className="flex flex-wrap gap-2">
            {LABELS.map((label, index) =>
              label === queued.label ? null : (
                <Button
                  key={label}
                  look="plain"
                  size="small"
                  className="min-h-11"
                  busy={answer.isPending && answer.variables === label}
                  onClick={() => give(label)}
                >
                  <span className="text-ink-soft tabular-nums" aria-hidden>
                    {index + 1}
                  </span>
                  {t(`label.${label}`)}
                </Button>
              ),
            )}
          </div>
        </fieldset>
        <p className="text-sm text-ink-soft pointer-coarse:hidden">{t("review.keys")}</p>
      </div>
    </Card>
  );
}
