/** The messages of a conversation: of thousands, those rows exist that are in sight. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import {
  type ReactNode,
  type Ref,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { dayOf, inWords } from "@/i18n/times";
import type { ConversationState, ConversationStore } from "@/realtime/conversation_store";
import type { Unsent } from "@/realtime/outbox";
import { type Item, olderThan, placeOf } from "@/realtime/timeline";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { beginsDay, beginsToday, isFirstUnread, type Unread } from "./rows";

const ROW_PX = 76;
/** Rows from the top at which older ones are fetched. */
const AHEAD = 15;
/** Pixels from the end that still count as the end. */
const END_PX = 80;

export interface Thread {
  /** Go to the end with the row that comes next: what was just written. */
  follow: () => void;
}

interface Props {
  store: ConversationStore;
  state: ConversationState;
  unsent: readonly Unsent[];
  me: string;
  name: string;
  unread: Unread | null;
  /** The number of a message to go to. */
  goTo: number | null;
  onSeen: (seq: number) => void;
  message: (item: Item, index: number) => ReactNode;
  waiting: (unsent: Unsent, isFirst: boolean) => ReactNode;
  ref: Ref<Thread>;
}

export function ThreadList(props: Props) {
  const { store, state, unsent, me, name, unread, goTo, onSeen } = props;
  const { t } = useTranslation("messages");
  const { messages } = state.timeline;
  const box = useRef<HTMLElement>(null);
  const count = messages.length + unsent.length;
  const rows = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    // Rows are drawn with each step of a scroll; while what was just written goes to its place the steps come together.
    useFlushSync: unsent.length === 0,
    getItemKey: useCallback(
      (index: number) => {
        const item = messages[index];
        if (!item) return unsent[index - messages.length]?.clientId ?? index;
        return item.senderId === me && item.clientId ? item.clientId : item.id;
      },
      [messages, unsent, me],
    ),
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    paddingStart: 8,
    paddingEnd: 12,
  });
  const { toEnd, follow } = useStayAtEnd(rows, box, count);
  useImperativeHandle(props.ref, () => ({ follow }), [follow]);
  useFirstPlace(rows, props, count);
  useGoTo(rows, store, messages, goTo);

  const shown = rows.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? -1;
  useEffect(() => {
    if (state.stage === "open" && messages.length && first < AHEAD && olderThan(state.timeline) !== null)
      void store.loadOlder().catch(() => undefined);
  }, [store, state.stage, state.timeline, messages.length, first]);

  const atEnd = last >= count - 1 && rows.isAtEnd(END_PX);
  const unseen = useUnseen(messages, me, atEnd, onSeen);
  const seqs = state.timeline.lastSeq;

  return (
    <div className="relative min-h-0 flex-1">
      <section
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls with the keyboard
        tabIndex={0}
        aria-label={t("thread.name", { name })}
        className="h-full overflow-y-auto overscroll-contain outline-offset-[-3px]"
      >
        {state.loadingOlder && (
          <p
            role="status"
            className="absolute inset-x-0 top-1 z-10 mx-auto w-fit rounded-full bg-raised px-3 py-1 text-sm"
          >
            {t("thread.older")}
          </p>
        )}
        <ol className="relative w-full" style={{ height: rows.getTotalSize() }}>
          {shown.map(({ key, index, start }) => {
            const item = messages[index];
            const waits = item ? undefined : unsent[index - messages.length];
            return (
              <li
                key={key}
                ref={rows.measureElement}
                data-index={index}
                data-seq={item?.seq}
                aria-posinset={item?.seq ?? index + 1}
                aria-setsize={seqs + unsent.length}
                className="absolute top-0 left-0 w-full"
                style={{ transform: `translateY(${start}px)` }}
              >
                {item && index === 0 && item.seq === 1 && <Line words={t("thread.beginning")} />}
                {item && beginsDay(messages, index) && <Day instant={item.sentAt} />}
                {item && isFirstUnread(messages, index, me, unread) && (
                  <Line words={t("thread.unread")} isNew />
                )}
                {item && props.message(item, index)}
                {waits && index === messages.length && beginsToday(messages, waits) && (
                  <Day instant={new Date(waits.writtenAt).toISOString()} />
                )}
                {waits && props.waiting(waits, index === messages.length)}
              </li>
            );
          })}
        </ol>
      </section>
      {count > 0 && !atEnd && (
        <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center">
          <Button
            look={unseen ? "main" : "plain"}
            size={unseen ? "normal" : "icon"}
            className="pointer-events-auto rounded-full shadow-card"
            aria-label={unseen ? undefined : t("thread.toEnd")}
            onClick={toEnd}
          >
            <ArrowDown aria-hidden />
            {unseen > 0 && t("thread.newOnes", { count: unseen })}
          </Button>
        </div>
      )}
    </div>
  );
}

type Rows = ReturnType<typeof useVirtualizer<HTMLElement, Element>>;

/** Stays at the end where one is there, whatever takes room from the list; gives the ways to the end, now and with a row to come. */
function useStayAtEnd(rows: Rows, box: RefObject<HTMLElement | null>, count: number) {
  const isAtEnd = useRef(true);
  const wanted = useRef(false);
  useEffect(() => {
    const list = box.current;
    if (!list) return;
    const look = () => {
      isAtEnd.current = list.scrollHeight - list.scrollTop - list.clientHeight <= END_PX;
    };
    const observer = new ResizeObserver(() => isAtEnd.current && rows.scrollToEnd());
    list.addEventListener("scroll", look, { passive: true });
    observer.observe(list);
    return () => {
      list.removeEventListener("scroll", look);
      observer.disconnect();
    };
  }, [rows, box]);
  // What was just written is a row only after the next rendering.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the number of rows that tells of it
  useLayoutEffect(() => {
    if (wanted.current) rows.scrollToEnd();
    wanted.current = false;
  }, [rows, count]);
  const toEnd = useCallback(() => {
    isAtEnd.current = true;
    rows.scrollToEnd();
  }, [rows]);
  const follow = useCallback(() => {
    // From the end the list follows by itself.
    wanted.current = !rows.isAtEnd(END_PX);
    isAtEnd.current = true;
  }, [rows]);
  return { toEnd, follow };
}

/** Begin at the first unread message, else at the end; once. */
function useFirstPlace(rows: Rows, { state, unread, goTo }: Props, count: number) {
  const placed = useRef(false);
  useLayoutEffect(() => {
    if (placed.current || !count || state.stage === "opening") return;
    placed.current = true;
    if (goTo === null) rows.scrollToEnd();
  }, [rows, count, state.stage, goTo]);
  const marked = useRef(false);
  useLayoutEffect(() => {
    if (marked.current || !unread || !placed.current || goTo !== null) return;
    marked.current = true;
    const { messages } = state.timeline;
    const index = placeOf(messages, unread.after + 1);
    if (unread.after < unread.upTo && index > 0 && messages.length - index > 3)
      rows.scrollToIndex(index, { align: "start" });
  }, [rows, unread, goTo, state.timeline]);
}

/** Go to a message that was looked for, loading back to it where it is far. */
function useGoTo(rows: Rows, store: ConversationStore, messages: readonly Item[], goTo: number | null) {
  const gone = useRef<number | null>(null);
  useEffect(() => {
    if (goTo === null || gone.current === goTo || !messages.length) return;
    const index = placeOf(messages, goTo);
    if ((messages[0]?.seq ?? 1) > goTo) {
      void store.loadOlder(goTo).catch(() => undefined);
      return;
    }
    gone.current = goTo;
    rows.scrollToIndex(index, { align: "center" });
  }, [rows, store, messages, goTo]);
}

/** How many messages came that were not in sight; says how far one has seen when the end is in sight. */
function useUnseen(
  messages: readonly Item[],
  me: string,
  atEnd: boolean,
  onSeen: (seq: number) => void,
): number {
  const last = messages.at(-1)?.seq ?? 0;
  const [seen, setSeen] = useState(0);
  const visible = useVisible();
  useEffect(() => {
    if (!last || (seen && !(atEnd && visible))) return;
    setSeen(last);
    if (atEnd && visible) onSeen(last);
  }, [last, atEnd, visible, seen, onSeen]);
  if (!seen) return 0;
  let count = 0;
  for (let index = messages.length - 1; (messages[index]?.seq ?? 0) > seen; index -= 1)
    if (messages[index]?.senderId !== me) count += 1;
  return count;
}

/** Whether somebody can see this page and has it before them. */
function useVisible(): boolean {
  const [visible, setVisible] = useState(() => document.visibilityState === "visible" && document.hasFocus());
  useEffect(() => {
    const look = () => setVisible(document.visibilityState === "visible" && document.hasFocus());
    const names = ["focus", "blur"] as const;
    for (const name of names) addEventListener(name, look);
    document.addEventListener("visibilitychange", look);
    return () => {
      for (const name of names) removeEventListener(name, look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return visible;
}

function Day({ instant }: { instant: string }) {
  const { t } = useTranslation("messages");
  const day = dayOf(instant);
  const now = Date.now();
  const words =
    day === dayOf(new Date(now))
      ? t("thread.today")
      : day === dayOf(new Date(now - 86_400_000))
        ? t("thread.yesterday")
        : inWords(instant, now - Date.parse(instant) > 300 * 86_400_000 ? "date" : "dayLong");
  return <Line words={words} />;
}

function Line({ words, isNew = false }: { words: string; isNew?: boolean }) {
  return (
    <p
      className={classes(
        "flex items-center gap-3 px-4 pt-4 pb-1 text-sm font-semibold before:h-px before:flex-1 after:h-px after:flex-1",
        isNew ? "text-leaf before:bg-leaf after:bg-leaf" : "text-ink-soft before:bg-line after:bg-line",
      )}
    >
      {words}
    </p>
  );
}
