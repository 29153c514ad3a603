/** Reads out what comes while somebody is in a conversation: politely, and never what was there before. */
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConversationState } from "@/realtime/conversation_store";

const LONGEST = 240;

interface Props {
  state: ConversationState;
  me: string;
  nameOf: (senderId: string) => string;
}

export function Announcer({ state, me, nameOf }: Props) {
  const { t } = useTranslation("messages");
  const [said, setSaid] = useState({ id: "", words: "" });
  const heard = useRef<number | null>(null);
  const names = useRef(nameOf);
  names.current = nameOf;
  const { messages, lastSeq } = state.timeline;
  useEffect(() => {
    if (state.stage !== "open") return;
    const since = heard.current;
    const last = messages.at(-1);
    heard.current = Math.max(since ?? 0, last?.seq ?? lastSeq);
    if (since === null || !last || last.seq <= since || last.senderId === me || last.deletedAt) return;
    const name = names.current(last.senderId);
    const words = last.body
      ? t("thread.announced", { name, words: last.body.slice(0, LONGEST) })
      : t("thread.announcedFiles", { name });
    setSaid({ id: last.id, words });
  }, [messages, lastSeq, state.stage, me, t]);
  // What was taken back is not left for who reads by ear, either.
  const isGone = messages.some(({ id, deletedAt }) => id === said.id && deletedAt);
  return (
    <p aria-live="polite" className="sr-only">
      {isGone ? "" : said.words}
    </p>
  );
}
