import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { lastWord } from "@/session/last_word";
import { beSignedOut, type Role } from "@/session/session";
import { useStepUp } from "@/session/step_up";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { erasureQuery } from "../erasure";

/** Leaving for good: asked for, and called off within the days of grace. */
export function ErasureCard({ role }: { role: Role }) {
  const { t } = useTranslation("settings");
  const { data, error, refetch } = useQuery(erasureQuery);
  const [asking, setAsking] = useState(false);
  return (
    <Card title={t("privacy.erasure")}>
      {error && !data && <PageProblem error={error} retry={refetch} />}
      {!data && !error && <Waiting />}
      {data?.status === "none" && (
        <div className="grid justify-items-start gap-4">
          <p className="text-ink-soft">{t("privacy.erasureText")}</p>
          <Button look="grave" onClick={() => setAsking(true)}>
            {t("privacy.erasureAction")}
          </Button>
        </div>
      )}
      {data && data.status !== "none" && <Scheduled state={data} />}
      {asking && <Ask role={role} onClose={() => setAsking(false)} />}
    </Card>
  );
}

function Ask({ role, onClose }: { role: Role; onClose: () => void }) {
  const { t } = useTranslation("settings");
  const guarded = useStepUp();
  const asking = useMutation({ mutationFn: () => guarded(leaveForGood) });
  return (
    <Dialog title={t("privacy.erasureTitle")} onClose={onClose}>
      <div className="grid gap-4">
        <p>{t("privacy.erasureConfirm")}</p>
        {role === "PATIENT" && <p>{t("privacy.erasureConfirmPatient")}</p>}
        {asking.error && <Message tone="problem">{problemWords(asking.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{t("privacy.erasureNo")}</Button>
          <Button look="grave" busy={asking.isPending} onClick={() => asking.mutate()}>
            {t("privacy.erasureYes")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** Every session ends with it, and this page too: what was decided is said wherever the browser is led meanwhile. */
async function leaveForGood(): Promise<void> {
  const state = await call(api.DELETE("/api/user"));
  lastWord.set(<Asked state={state} />);
  await beSignedOut();
}

function Asked({ state }: { state: Shape<"ErasureState"> }) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const close = () => lastWord.set(null);
  return (
    <Dialog title={t("privacy.erasureDone")} onClose={close}>
      <div className="grid gap-5">
        {state.dueAt && <p>{t("privacy.erasureDoneText", { date: inWords(state.dueAt, "date") })}</p>}
        <Kept kept={state.kept ?? []} />
        <p className="flex justify-end">
          <Button onClick={close}>{words("close")}</Button>
        </p>
      </div>
    </Dialog>
  );
}

function Scheduled({ state }: { state: Shape<"ErasureState"> }) {
  const { t } = useTranslation("settings");
  const tell = useToast();
  const client = useQueryClient();
  const cancelling = useMutation({
    mutationFn: () => call(api.POST("/api/user/erasure/cancel")),
    onSuccess: (after) => {
      client.setQueryData(erasureQuery.queryKey, after);
      tell(t("privacy.cancelled"));
    },
  });
  const { status, dueAt, requestedAt, kept } = state;
  return (
    <div className="grid gap-4">
      <Message tone="warm">
        <p className="font-semibold">
          {status === "held" || !dueAt
            ? t("privacy.held")
            : t("privacy.scheduled", { date: inWords(dueAt, "date") })}
        </p>
        {requestedAt && <p>{t("privacy.scheduledText", { date: inWords(requestedAt, "date") })}</p>}
      </Message>
      {cancelling.error && <Message tone="problem">{problemWords(cancelling.error)}</Message>}
      <p>
        <Button busy={cancelling.isPending} onClick={() => cancelling.mutate()}>
          {t("privacy.cancel")}
        </Button>
      </p>
      <Kept kept={kept ?? []} />
    </div>
  );
}

function Kept({ kept }: { kept: readonly Shape<"Kept">[] }) {
  const { t } = useTranslation("settings");
  if (!kept.length) return null;
  return (
    <div className="grid gap-2">
      <h3>{t("privacy.keptTitle")}</h3>
      <dl className="grid gap-3">
        {kept.map(({ kind, until }) => (
          <div key={kind}>
            <dt className="font-semibold">
              {t(`privacy.kept.${kind}.what`)}
              {until && (
                <span className="font-normal text-ink-soft">
                  {" "}
                  ({t("privacy.keptUntil", { date: inWords(until, "date") })})
                </span>
              )}
            </dt>
            <dd className="text-ink-soft">{t(`privacy.kept.${kind}.why`)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
