/** The rollout under way: where it stands, on what evidence, and the steps that two administrators take. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { inList } from "@/i18n/lists";
import { inWords } from "@/i18n/times";
import { useStepUp } from "@/session/step_up";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Empty, Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { Decisions, Why } from "./decisions";
import { countInWords } from "./figures";
import { SideBySide } from "./side_by_side";

type Rollout = Shape<"RolloutInFull">;
const LOOKED_AT_MS = 20_000;
const STAGES = [0, 10, 25, 50, 100] as const;

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
      <Past />
    </Card>
  );
}

function Stages({ percent }: { percent: number }) {
  const { t } = useTranslation("admin");
  return (
    <ol className="grid grid-cols-5 gap-2">
      {STAGES.map((stage) => (
        <li key={stage} aria-current={stage === percent ? "step" : undefined} className="grid gap-1.5">
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

function Outlook({ outlook }: { outlook: NonNullable<Rollout["outlook"]> }) {
  const { t } = useTranslation("admin");
  const harmWords = useHarmWords();
  return (
    <div className="grid gap-3">
      <Message tone={outlook.move === "return" ? "warm" : "plain"}>
        {t(`models.outlook.${outlook.move}`, {
          requests: countInWords(outlook.requestsMissing),
          minutes: countInWords(Math.ceil(outlook.minutesMissing)),
        })}
        {outlook.harms.length > 0 && (
          <p>{t("models.harms", { list: inList(outlook.harms.map(harmWords)) })}</p>
        )}
      </Message>
      <SideBySide champion={outlook.champion} challenger={outlook.challenger} />
    </div>
  );
}

function Steps({ rollout }: { rollout: Rollout }) {
  const { t } = useTranslation(["admin", "common"]);
  const store = useQueryClient();
  const proven = useStepUp();
  const [asking, setAsking] = useState(false);
  const settled = () => store.invalidateQueries({ queryKey: ["ml"] });
  const advance = useMutation({
    mutationFn: () => proven(() => call(api.POST("/api/ml/rollouts/advance"))),
    onSettled: settled,
  });
  const back = useMutation({
    mutationFn: () => proven(() => call(api.POST("/api/ml/rollouts/rollback"))),
    onSettled: settled,
  });
  const failure = advance.error ?? back.error;
  return (
    <div className="grid gap-3">
      {rollout.askedBy && !rollout.approvedBy && <Message tone="warm">{t("models.asked")}</Message>}
      {failure && <Message tone="problem">{problemWords(failure)}</Message>}
      <div className="flex flex-wrap gap-2">
        <Button busy={advance.isPending} onClick={() => advance.mutate()}>
          {t(rollout.askedBy ? "models.approve" : "models.advance")}
        </Button>
        <Button look="grave" onClick={() => setAsking(true)}>
          {t("models.back")}
        </Button>
      </div>
      {asking && (
        <Dialog title={t("models.back")} onClose={() => setAsking(false)}>
          <p className="mb-4">{t("models.backSure")}</p>
          <div className="flex flex-wrap justify-end gap-2">
            <Button look="quiet" onClick={() => setAsking(false)}>
              {t("common:cancel")}
            </Button>
            <Button
              look="grave"
              onClick={() => {
                setAsking(false);
                back.mutate();
              }}
            >
              {t("models.back")}
            </Button>
          </div>
        </Dialog>
      )}
      <Decisions evidence={rollout.evidence} />
    </div>
  );
}

function Past() {
  const { t } = useTranslation("admin");
  const asked = useQuery({ queryKey: ["ml", "rollouts"], queryFn: () => call(api.GET("/api/ml/rollouts")) });
  const past = asked.data?.items.filter(({ status }) => status !== "active") ?? [];
  if (past.length === 0) return null;
  return (
    <ul className="mt-5 grid gap-2 border-t pt-4">
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
  );
}
