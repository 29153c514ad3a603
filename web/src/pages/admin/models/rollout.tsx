/** The rollout under way: where it stands, on what evidence, and the steps that two administrators take. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { inList } from "@/i18n/lists";
import { inWords } from "@/i18n/times";
import { useStepUp } from "@/session/step_up";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Empty, Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { Decisions, Why } from "./decisions";
import { countInWords } from "./figures";
import { SideBySide } from "./side_by_side";
import { TakeBack } from "./take_back";

type Rollout = Shape<"RolloutInFull">;
const LOOKED_AT_MS = 20_000;
const STAGES = [0, 10, 25, 50, 100] as const;
const BEFORE_ALL = 50;

/** The rollout that moves, or null. */
async function current(): Promise<Rollout | null> {
  try {
    return await call(api.GET("/api/ml/rollouts/current"));
  } catch (reason) {
    if (reason instanceof Problem && reason.status === 404) return null;
    throw reason;
  }
}

export function RolloutNow() {
  const { t } = useTranslation("admin");
  const asked = useQuery({ queryKey: ["ml", "rollout"], queryFn: current, refetchInterval: LOOKED_AT_MS });
  useWhatFollows(asked.data);
  return (
    <Card title={t("models.rollout")}>
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.data === null && <Empty>{t("models.noRollout")}</Empty>}
      {asked.data && (
        <div className="grid gap-5">
          <Stages percent={asked.data.percent} />
          {asked.data.outlook && <Outlook outlook={asked.data.outlook} />}
          <Steps rollout={asked.data} />
        </div>
      )}
      {asked.data !== undefined && <Past isUndoable={asked.data === null} />}
    </Card>
  );
}

/** It moves by itself too: which version serves, and what is over, is asked for anew with each of its steps. */
function useWhatFollows(rollout: Rollout | null | undefined) {
  const store = useQueryClient();
  const step = rollout ? `${rollout.id} ${rollout.version}` : rollout;
  const before = useRef(step);
  useEffect(() => {
    if (step === before.current) return;
    if (before.current !== undefined)
      for (const told of ["models", "rollouts"]) void store.invalidateQueries({ queryKey: ["ml", told] });
    before.current = step;
  }, [step, store]);
}

function Stages({ percent }: { percent: number }) {
  const { t } = useTranslation("admin");
  return (
    <ol className="grid gap-3 sm:grid-cols-5 sm:gap-2">
      {STAGES.map((stage) => (
        <li
          key={stage}
          aria-current={stage === percent ? "step" : undefined}
          className="grid grid-cols-[3rem_1fr] items-center gap-x-3 gap-y-1.5 sm:grid-cols-1 sm:items-start"
        >
          <span aria-hidden className={`h-2 rounded-full ${stage <= percent ? "bg-leaf" : "bg-raised"}`} />
          <span className={`text-sm ${stage === percent ? "font-bold" : "text-ink-soft"}`}>
            {stage ? t("models.percent", { percent: stage }) : t("models.shadow")}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** A sign of harm in words; one that this release does not know stays as it is. */
function useHarmWords() {
  const { t, i18n } = useTranslation("admin");
  return (harm: string) => {
    const key = `models.harmNames.${harm}`;
    return i18n.exists(key, { ns: "admin" }) ? t(key as "models.harmNames.errors") : harm;
  };
}

type Foreseen = NonNullable<Rollout["outlook"]>;

/** Where hardly anything is flagged, two administrators may go on without as many alerts as are wanted. */
function waitsForAlertsAlone({ alertsMissing, requestsMissing, minutesMissing }: Foreseen): boolean {
  return alertsMissing > 0 && requestsMissing === 0 && minutesMissing === 0;
}

function Outlook({ outlook }: { outlook: Foreseen }) {
  const { t } = useTranslation("admin");
  const harmWords = useHarmWords();
  return (
    <div className="grid gap-3">
      <Message tone={outlook.move === "return" ? "warm" : "plain"}>
        {t(`models.outlook.${outlook.move}`, {
          requests: countInWords(outlook.requestsMissing),
          minutes: countInWords(Math.ceil(outlook.minutesMissing)),
        })}
        {outlook.alertsMissing > 0 && <p>{t("models.alertsMissing", { count: outlook.alertsMissing })}</p>}
        {waitsForAlertsAlone(outlook) && <p>{t("models.byHand")}</p>}
        {outlook.harms.length > 0 && (
          <p>{t("models.harms", { list: inList(outlook.harms.map(harmWords)) })}</p>
        )}
      </Message>
      <SideBySide champion={outlook.champion} challenger={outlook.challenger} />
    </div>
  );
}

function Steps({ rollout }: { rollout: Rollout }) {
  const { t } = useTranslation("admin");
  const store = useQueryClient();
  const proven = useStepUp();
  const approve = rollout.percent === BEFORE_ALL ? "models.approve" : "models.approveByHand";
  const advance = useMutation({
    mutationFn: () =>
      proven(() =>
        call(
          api.POST("/api/ml/rollouts/advance", {
            body: { rolloutId: rollout.id, version: rollout.version },
          }),
        ),
      ),
    onSettled: () => store.invalidateQueries({ queryKey: ["ml"] }),
  });
  return (
    <div className="grid gap-3">
      {!rollout.isUp && <Message>{t("models.notUp")}</Message>}
      {rollout.askedBy && !rollout.approvedBy && <Message tone="warm">{t("models.asked")}</Message>}
      {advance.error && <Message tone="problem">{problemWords(advance.error)}</Message>}
      <div className="flex flex-wrap gap-2">
        {rollout.isUp && (
          <Button busy={advance.isPending} onClick={() => advance.mutate()}>
            {t(rollout.askedBy ? approve : "models.advance")}
          </Button>
        )}
        <TakeBack key={rollout.id} rollout={rollout} words={t("models.back")} />
      </div>
      <Decisions evidence={rollout.evidence} />
    </div>
  );
}

/** Those that are over; the last one can still be undone where its version serves now. */
function Past({ isUndoable }: { isUndoable: boolean }) {
  const { t } = useTranslation("admin");
  const asked = useQuery({ queryKey: ["ml", "rollouts"], queryFn: () => call(api.GET("/api/ml/rollouts")) });
  const past = asked.data?.items.filter(({ status }) => status !== "active") ?? [];
  const [last] = past;
  if (!last) return null;
  return (
    <div className="mt-5 grid justify-items-start gap-4 border-t pt-4">
      <ul className="grid w-full gap-2">
        {past.map((rollout) => (
          <li key={rollout.id} className="flex flex-wrap items-center gap-3">
            <Badge tone={rollout.status === "completed" ? "good" : "warm"}>
              {t(`models.rolloutStatuses.${rollout.status}`)}
            </Badge>
            <span>{inWords(rollout.finishedAt ?? rollout.startedAt, "dayAndTime")}</span>
            <span className="text-ink-soft">{t("models.percent", { percent: rollout.percent })}</span>
            {rollout.reason && (
              <span className="text-ink-soft">
                <Why reason={rollout.reason} />
              </span>
            )}
            <div className="w-full">
              <Decisions evidence={rollout.evidence} />
            </div>
          </li>
        ))}
      </ul>
      {isUndoable && last?.status === "completed" && (
        <TakeBack key={last.id} rollout={last} words={t("models.backLast")} />
      )}
    </div>
  );
}
