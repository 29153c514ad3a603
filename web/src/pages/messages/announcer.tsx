/** Reads out what comes while somebody is in a conversation: politely, and never what was there before. */
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConversationState } from "@/realtime/conversation_store";

const LONGEST = 240;

export function Announcer({ state, me, name }: { state: ConversationState; me: string; name: string }) {
  const { t } = useTranslation("messages");
  const [words, setWords] = useState("");
  const heard = useRef<number | null>(null);
  const { messages, lastSeq } = state.timeline;
  useEffect(() => {
    if (state.stage !== "open") return;
    const since = heard.current;
    const last = messages.at(-1);
    heard.current = Math.max(since ?? 0, last?.seq ?? lastSeq);
    if (since === null || !last || last.seq <= since || last.senderId === me || last.deletedAt) return;
    setWords(
      last.body
        ? t("thread.announced", { name, words: last.body.slice(0, LONGEST) })
        : t("thread.announcedFiles", { name }),
    );
  }, [messages, lastSeq, state.stage, me, name, t]);
  return (
    <p aria-live="polite" className="sr-only">
      {words}
    </p>
  );
}
