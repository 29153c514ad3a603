/** A message is changed in the field where messages are written. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import type { Live } from "@/realtime/live";
import type { Item } from "@/realtime/timeline";
import { Button } from "@/ui/button";
import { Message, problemWords } from "@/ui/states";

/** Saves a change under the version that its author saw; where there is another by now, that one is shown. */
export function useEdit(live: Live, edited: Item | null, onDone: (next: Item | null) => void) {
  const save = useMutation({
    mutationFn: (body: string) => {
      const { id, version } = edited as Item;
      return call(api.PATCH("/api/messages/{id}", { params: { path: { id } }, body: { body, version } }));
    },
    onSuccess: ({ message, analysis }) => {
      const store = live.conversation(message.conversationId);
      store.hear(message);
      if (analysis) store.offerHelp(analysis);
      onDone(null);
    },
    onError: (reason) => {
      if (edited && reason instanceof Problem && !reason.passing)
        void live.conversation(edited.conversationId).reread(edited.seq);
    },
  });
  return {
    save: (body: string) => (body === edited?.body ? onDone(null) : save.mutate(body)),
    busy: save.isPending,
    failure: save.isError && edited?.id ? save.error : null,
  };
}

export function EditNote({ failure, onStop }: { failure: unknown; onStop: () => void }) {
  const { t } = useTranslation("messages");
  return (
    <div className="grid gap-2">
      <p className="flex flex-wrap items-center justify-between gap-2 text-sm">
        <span className="font-semibold">{t("composer.editing")}</span>
        <Button look="link" size="text" className="min-h-9" onClick={onStop}>
          {t("composer.stopEditing")}
        </Button>
      </p>
      {failure !== null && <Message tone="problem">{problemWords(failure)}</Message>}
    </div>
  );
}
