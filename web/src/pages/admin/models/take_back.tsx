import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { useStepUp } from "@/session/step_up";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Message, problemWords } from "@/ui/states";

type Rollout = Pick<Shape<"ShownRollout">, "id" | "version" | "status" | "finishedAt">;

/** Has the version before answer everybody again: takes back this rollout as it is shown, and no other in its place. */
export function TakeBack({ rollout, words }: { rollout: Rollout; words: string }) {
  const { t } = useTranslation(["admin", "common"]);
  const store = useQueryClient();
  const proven = useStepUp();
  const [asking, setAsking] = useState(false);
  const back = useMutation({
    mutationFn: () =>
      proven(() =>
        call(
          api.POST("/api/ml/rollouts/rollback", {
            body: { rolloutId: rollout.id, version: rollout.version },
          }),
        ),
      ),
    onSettled: () => store.invalidateQueries({ queryKey: ["ml"] }),
  });
  return (
    <>
      {back.error && <Message tone="problem">{problemWords(back.error)}</Message>}
      <Button look="grave" busy={back.isPending} onClick={() => setAsking(true)}>
        {words}
      </Button>
      {asking && (
        <Dialog title={words} onClose={() => setAsking(false)}>
          <p className="mb-4">
            {rollout.status === "completed"
              ? t("models.backLastSure", { time: inWords(rollout.finishedAt ?? "", "dayAndTime") })
              : t("models.backSure")}
          </p>
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
              {words}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
