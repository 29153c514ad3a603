/** Where a message is written: what is written is kept at once, also when the page goes away. */
import { Paperclip, SendHorizontal } from "lucide-react";
import {
  type ClipboardEvent,
  type FormEvent,
  type KeyboardEvent,
  type Ref,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { newKey } from "@/api/client";
import { Draft, draftOf, keepDraft } from "@/realtime/drafts";
import type { Live } from "@/realtime/live";
import type { Item } from "@/realtime/timeline";
import { typingNotices } from "@/realtime/typing";
import { Button } from "@/ui/button";
import { EditNote, useEdit } from "./editing";
import { ACCEPTED, FILES_PER_MESSAGE } from "./file_kinds";
import { UploadTray } from "./upload_tray";
import { useUploads } from "./uploads";

/** Characters that a message may have, as the server counts them. */
const LONGEST = 8_000;
const KEEP_AFTER_MS = 250;

export interface ComposerHandle {
  /** Put words (back) into the field, before what stands there. */
  put: (words: string) => void;
  focus: () => void;
}

interface Props {
  live: Live;
  conversationId: string;
  /** A message that is changed instead of a new one written. */
  edited: Item | null;
  onEdited: (message: Item | null) => void;
  /** Patients are told that nobody may read it at once. */
  isPatient: boolean;
  onSend: () => void;
  ref: Ref<ComposerHandle>;
}

export function Composer({ live, conversationId, edited, onEdited, isPatient, onSend, ref }: Props) {
  const { t } = useTranslation("messages");
  const field = useRef<HTMLTextAreaElement>(null);
  const [words, setWords] = useState(() => draftOf(live.userId, conversationId));
  const draft = useKept(live.userId, conversationId, edited ? null : words);
  const typing = useTyping(live, conversationId);
  const uploads = useUploads();
  const [notice, setNotice] = useState<"tooMany" | "offline" | null>(null);
  const edit = useEdit(live, edited, onEdited);
  const before = useRef(words);
  const picker = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (!edited) return;
    before.current = draftOf(live.userId, conversationId);
    setWords(edited.body ?? "");
    field.current?.focus();
    return () => setWords(before.current);
  }, [edited, live, conversationId]);

  useImperativeHandle(ref, () => ({
    put: (given) => {
      setWords((there) => (there.trim() ? `${given}\n${there}` : given));
      field.current?.focus();
    },
    focus: () => field.current?.focus(),
  }));

  const length = [...words.trim()].length;
  const unready = uploads.all.some(({ stage }) => stage !== "ready");
  const canSend = length > 0 && length <= LONGEST && !unready;

  const send = () => {
    if (!canSend) return;
    if (edited) return edit.save(words.trim());
    const attachments = uploads.all.flatMap(({ file }) => file ?? []);
    const clientId = newKey();
    const kept = live.outbox.add({ clientId, conversationId, body: words.trim(), attachments });
    // The draft goes once the message is safe: kept on the device, or where that does not work, sent.
    draft.handOver(kept.catch(() => live.outbox.away(clientId)));
    setWords("");
    uploads.release();
    typing.stop();
    onSend();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
    field.current?.focus();
  };
  const addFiles = (files: Iterable<File>) => {
    if (!navigator.onLine) setNotice("offline");
    else setNotice(uploads.add([...files]) ? null : "tooMany");
  };
  const paste = (event: ClipboardEvent) => {
    if (!event.clipboardData.files.length || edited) return;
    event.preventDefault();
    addFiles(event.clipboardData.files);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape" && edited) onEdited(null);
    const sends = event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing;
    if (!sends || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      onSubmit={submit}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (!edited) addFiles(event.dataTransfer.files);
      }}
      className="grid gap-2 border-t bg-surface px-3 py-2.5 sm:px-4"
    >
      {edited && <EditNote failure={edit.failure} onStop={() => onEdited(null)} />}
      {!edited && (
        <UploadTray uploads={uploads} words={notice && t(`file.${notice}`)} hint={uploads.all.length > 0} />
      )}
      <div className="flex items-end gap-2">
        {!edited && (
          <>
            <input
              ref={picker}
              type="file"
              multiple
              accept={ACCEPTED}
              hidden
              onChange={(event) => {
                addFiles(event.target.files ?? []);
                event.target.value = "";
              }}
            />
            <Button
              look="quiet"
              size="icon"
              className="shrink-0"
              aria-label={t("composer.attach")}
              title={t("composer.attachHint", { count: FILES_PER_MESSAGE })}
              onClick={() => (navigator.onLine ? picker.current?.click() : setNotice("offline"))}
            >
              <Paperclip aria-hidden />
            </Button>
          </>
        )}
        <label htmlFor="message-words" className="sr-only">
          {t("composer.label")}
        </label>
        <textarea
          id="message-words"
          ref={field}
          rows={1}
          value={words}
          placeholder={t("composer.placeholder")}
          aria-describedby="message-keys"
          enterKeyHint="enter"
          onChange={(event) => {
            setWords(event.target.value);
            if (!edited) typing.key(event.target.value.trim() === "");
          }}
          onKeyDown={press}
          onPaste={paste}
          onBlur={typing.stop}
          className="field-sizing-content max-h-40 min-h-11 min-w-0 flex-1 resize-none rounded-control border border-line-strong bg-surface px-3 py-2 text-ink placeholder:text-ink-soft"
        />
        <Button
          type="submit"
          className="shrink-0 max-sm:size-11 max-sm:px-0"
          aria-disabled={!canSend || undefined}
          busy={edit.busy}
        >
          <SendHorizontal aria-hidden />
          <span className="max-sm:sr-only">{t(edited ? "composer.save" : "composer.send")}</span>
        </Button>
      </div>
      <p id="message-keys" className={isPatient ? "sr-only" : "text-xs text-ink-soft pointer-coarse:sr-only"}>
        {t("composer.keys")}
      </p>
      {isPatient && <p className="text-xs text-ink-soft">{t("thread.notWatched")}</p>}
      <div role="status" className="text-sm empty:hidden">
        {length > LONGEST && t("composer.tooLong", { count: length - LONGEST })}
        {unready && length > 0 && t("composer.waitForFiles")}
        {length === 0 && uploads.all.length > 0 && !unready && t("composer.wordsWithFiles")}
      </div>
    </form>
  );
}

/** Keeps what is written shortly after each key, and at once when the page goes away. */
function useKept(userId: string, conversationId: string, words: string | null): Draft {
  const draft = useMemo(() => new Draft(userId, conversationId), [userId, conversationId]);
  const latest = useRef(words);
  latest.current = words;
  useEffect(() => {
    if (words === null) return;
    const timer = setTimeout(() => draft.keep(words), KEEP_AFTER_MS);
    return () => clearTimeout(timer);
  }, [draft, words]);
  useEffect(() => {
    const keepNow = () => latest.current && keepDraft(userId, conversationId, latest.current);
    addEventListener("pagehide", keepNow);
    document.addEventListener("visibilitychange", keepNow);
    return () => {
      removeEventListener("pagehide", keepNow);
      document.removeEventListener("visibilitychange", keepNow);
      keepNow();
    };
  }, [userId, conversationId]);
  return draft;
}

function useTyping(live: Live, conversationId: string) {
  const typing = useMemo(
    () => typingNotices((event) => live.typing(conversationId, event)),
    [live, conversationId],
  );
  useEffect(() => () => typing.stop(), [typing]);
  return typing;
}
