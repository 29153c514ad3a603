/** A message is changed in the field where messages are written. */
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import type { Live } from "@/realtime/live";
import type { Item } from "@/realtime/timeline";
import { Button } from "@/ui/button";
import { Message, problemWords } from "@/ui/states";

interface Change {
  edited: Item;
  /** The version that is replaced. */
  version: number;
  body: string;
}

/**
 * Saves a change under the version that its author saw. Where there is another by now that one is shown, and whoever
 * saves once more has seen it.
 */
export function useEdit(live: Live, edited: Item | null, onDone: (next: Item | null) => void) {
  const [reread, setReread] = useState<Item | null>(null);
  const seen = reread?.id === edited?.id && isLater(reread, edited) ? reread : edited;
  const save = useMutation({
    mutationFn: ({ edited: { id }, version, body }: Change) =>
      call(api.PATCH("/api/messages/{id}", { params: { path: { id } }, body: { body, version } })),
    onSuccess: ({ message, analysis }, change) => {
      const store = live.conversation(message.conversationId);
      store.hear(message);
      if (analysis) store.offerHelp(analysis);
      if (change.edited === edited) onDone(null);
    },
    onError: async (reason, { edited: { id, seq, conversationId } }) => {
      if (!(reason instanceof Problem) || reason.passing) return;
      const store = live.conversation(conversationId);
      await store.reread(seq);
      setReread(store.snapshot().timeline.messages.find((message) => message.id === id) ?? null);
    },
  });
  const { reset } = save;
  useEffect(() => {
    // What became of one change says nothing of the next.
    if (edited) return reset;
  }, [edited, reset]);
  return {
    save: (body: string) => {
      if (!edited || !seen || body === seen.body) onDone(null);
      else save.mutate({ edited, version: seen.version, body });
    },
    busy: save.isPending,
    failure: save.isError && save.variables.edited === edited ? save.error : null,
  };
}

function isLater(one: Item | null, other: Item | null): boolean {
  return (one?.version ?? 0) > (other?.version ?? 0);
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
