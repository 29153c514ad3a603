import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { useStepUp } from "@/session/step_up";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Message, problemWords } from "@/ui/states";

/** Has the version before answer everybody again, at once: of the rollout that moves, or else of the last one. */
export function TakeBack({ words }: { words: string }) {
  const { t } = useTranslation(["admin", "common"]);
  const store = useQueryClient();
  const proven = useStepUp();
  const [asking, setAsking] = useState(false);
  const back = useMutation({
    mutationFn: () => proven(() => call(api.POST("/api/ml/rollouts/rollback"))),
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
              {words}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
