/** /messages/:id: one conversation, beside the list of all where there is room. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import { Problem } from "@/api/problem";
import { useOnline } from "@/app/online";
import {
  type Conversation as About,
  refreshConversations,
  useConversationOf,
} from "@/realtime/conversation_list";
import { authorOf, otherOf, readToOf } from "@/realtime/members";
import type { Unsent } from "@/realtime/outbox";
import { usePresence } from "@/realtime/people";
import type { Item } from "@/realtime/timeline";
import { useHeld, useLive, useThread, useUnsent } from "@/realtime/use_live";
import { useSession } from "@/session/session";
import { classes } from "@/ui/classes";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { AnalysesContext } from "./analysis_beside";
import { Announcer } from "./announcer";
import { Composer, type ComposerHandle } from "./composer";
import { ConversationHeader } from "./conversation_header";
import { ConversationListPane } from "./conversation_list_pane";
import { useHeightBelow } from "./height_below";
import { HelpInside } from "./help_inside";
import { CHANGEABLE_MS, DeleteDialog } from "./message_actions";
import { MessageRow, UnsentRow } from "./message_row";
import { continues, NO_RECEIPTS, receiptOf, receiptsOf, type Unread } from "./rows";
import { type Thread, ThreadList } from "./thread";

export default function ConversationPage() {
  const { id = "" } = useParams();
  const { t } = useTranslation("messages");
  const frame = useRef<HTMLDivElement>(null);
  const height = useHeightBelow(frame);
  const online = useOnline();
  return (
    <div
      ref={frame}
      style={{ height }}
      className={classes(
        "-mx-4 -mb-24 flex min-h-80 sm:-mx-8 lg:-mb-10 lg:gap-4 lg:px-4",
        // A notice of the page stands above, and keeps its distance.
        online ? "-mt-5 sm:-mt-8 lg:py-4" : "lg:pb-4",
      )}
    >
      <aside
        aria-label={t("list.name")}
        className="hidden w-72 shrink-0 overflow-y-auto rounded-card border border-line bg-surface p-3 lg:block xl:w-80"
      >
        <ConversationListPane openId={id} />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col overflow-hidden bg-ground lg:rounded-card lg:border lg:border-line">
        <Conversation key={id} id={id} />
      </div>
    </div>
  );
}

function Conversation({ id }: { id: string }) {
  const { t } = useTranslation("messages");
  const { data: session } = useSession();
  const live = useLive();
  const store = live.conversation(id);
  const state = useThread(live, id);
  const about = useConversationOf(id);
  const unsent = useUnsent(live, id, state.timeline);
  const isHeld = useHeld(live, id);
  const [parameters] = useSearchParams();
  const goTo = Number(parameters.get("at")) || null;
  const [edited, setEdited] = useState<Item | null>(null);
  const [deleted, setDeleted] = useState<Item | null>(null);
  const composer = useRef<ComposerHandle>(null);
  const thread = useRef<Thread>(null);
  const me = live.userId;
  const other = about.data && otherOf(about.data, me);
  const name = other?.name ?? "";
  const readTo = about.data ? readToOf(about.data, me, state.readTo) : 0;
  const nameOf = (senderId: string) =>
    about.data ? (authorOf(about.data, senderId)?.name ?? t("message.clinician")) : "";
  const unread = useUnreadAtFirst(about, me);
  useEveryAuthor(about.data, state.timeline.messages);
  const receipts = useReceipts(state, me, readTo, other?.userId);
  const now = useMinute();

  useEffect(() => {
    live.look(id);
    return () => live.look(null);
  }, [live, id]);
  const onSeen = useCallback(
    (seq: number) => void (unread !== null && live.markRead(id, seq)),
    [live, id, unread],
  );
  const isOpen = about.data?.isOpen ?? true;
  const isOver = unsent.some(({ refused }) => refused === "conversation-closed");
  useEffect(() => {
    if (isOver) refreshConversations(id);
  }, [isOver, id]);
  const isTherapist = session?.user.role === "THERAPIST";
  const analyses = useAnalyses(store);

  const steps = useMemo(
    () => ({
      onRetry: ({ clientId }: Unsent) => void live.outbox.retry(clientId),
      onDiscard: ({ clientId }: Unsent) => void live.outbox.discard(clientId),
      // Without a field the words would have nowhere to go.
      onTakeBack: isOpen
        ? ({ clientId, body }: Unsent) => {
            composer.current?.put(body);
            void live.outbox.discard(clientId);
          }
        : null,
    }),
    [live, isOpen],
  );

  const lost = state.problem instanceof Problem && !state.problem.passing ? state.problem : null;
  if (lost && lost.status !== 401)
    return (
      <div className="grid gap-4 p-4">
        <h1>{t("title")}</h1>
        {lost.status === 404 ? (
          <Message tone="warm">{t("thread.notHere")}</Message>
        ) : (
          <PageProblem error={lost} />
        )}
      </div>
    );

  return (
    <AnalysesContext value={analyses}>
      <ConversationHeader about={about.data} me={me} typing={state.typing} />
      {state.stage === "opening" ? (
        <div className="flex-1">
          <Waiting />
        </div>
      ) : (
        <>
          {state.stage === "failed" && (
            <div className="grid gap-2 p-4">
              <Message tone="warm">{t("thread.onlyWaiting")}</Message>
            </div>
          )}
          {state.stage === "open" && state.timeline.lastSeq === 0 && unsent.length === 0 && (
            <p className="p-4 text-ink-soft">{t("thread.empty")}</p>
          )}
          <ThreadList
            store={store}
            state={state}
            unsent={unsent}
            me={me}
            name={name}
            unread={unread}
            goTo={goTo}
            onSeen={onSeen}
            ref={thread}
            message={(item, index) => {
              const isOwn = item.senderId === me;
              return (
                <MessageRow
                  item={item}
                  isOwn={isOwn}
                  name={nameOf(item.senderId)}
                  continues={continues(state.timeline.messages, index)}
                  receipt={isOwn ? receiptOf(item.seq, receipts) : null}
                  isMarked={item.seq === goTo}
                  withAnalysis={isTherapist && item.senderId === other?.userId}
                  canChange={isOwn && isOpen && now - Date.parse(item.sentAt) < CHANGEABLE_MS}
                  onEdit={setEdited}
                  onDelete={setDeleted}
                />
              );
            }}
            waiting={(message, isFirst) => (
              <UnsentRow
                unsent={message}
                continues={!isFirst}
                isLast={message === unsent.at(-1)}
                isHeld={isHeld}
                {...steps}
              />
            )}
          />
        </>
      )}
      <Announcer state={state} me={me} nameOf={nameOf} />
      {state.help && <HelpInside help={state.help} />}
      {isOpen ? (
        <Composer
          ref={composer}
          live={live}
          conversationId={id}
          edited={edited}
          onEdited={setEdited}
          isPatient={!isTherapist}
          onSend={() => thread.current?.follow()}
        />
      ) : (
        <div className="grid gap-1 border-t bg-surface p-4">
          <h2>{t("thread.closedTitle")}</h2>
          <p className="text-ink-soft">{t("thread.closed")}</p>
        </div>
      )}
      {deleted && (
        <DeleteDialog
          item={deleted}
          onClose={() => setDeleted(null)}
          onDone={(message) => {
            store.hear(message);
            setDeleted(null);
          }}
        />
      )}
    </AnalysesContext>
  );
}

/** What was unread when the page was opened; null until that is known. */
function useUnreadAtFirst(about: ReturnType<typeof useConversationOf>, me: string): Unread | null {
  const [unread, setUnread] = useState<Unread | null>(null);
  const told = about.isFetchedAfterMount && !about.isFetching ? about.data : undefined;
  useEffect(() => {
    const mine = told?.members.find(({ userId }) => userId === me);
    if (told && mine)
      setUnread(
        (before) => before ?? { after: mine.lastReadSeq ?? 0, upTo: told.unreadCount ? told.lastSeq : 0 },
      );
  }, [told, me]);
  return unread;
}

/** Asks anew who is in the conversation where somebody has written who is not known: whoever covers comes in meanwhile. */
function useEveryAuthor(about: About | undefined, messages: readonly Item[]) {
  const known = useMemo(
    () => about && new Set([...about.members, ...about.formerMembers].map(({ userId }) => userId)),
    [about],
  );
  const stranger = known && messages.findLast(({ senderId }) => !known.has(senderId))?.senderId;
  const id = about?.id;
  useEffect(() => {
    if (id && stranger) refreshConversations(id);
  }, [id, stranger]);
}

function useReceipts(
  state: ReturnType<typeof useThread>,
  me: string,
  readTo: number,
  otherId: string | undefined,
) {
  const presence = usePresence(otherId);
  const held = useRef(NO_RECEIPTS);
  const online = presence?.online ?? false;
  const lastSeenAt = presence?.lastSeenAt ?? null;
  const { messages } = state.timeline;
  held.current = useMemo(
    () => receiptsOf(messages, me, { readTo, online, lastSeenAt }, held.current),
    [messages, me, readTo, online, lastSeenAt],
  );
  return held.current;
}

/** The time, once a minute: what can be changed cannot be for long. */
function useMinute(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function useAnalyses(store: ReturnType<ReturnType<typeof useLive>["conversation"]>) {
  return useMemo(
    () => ({
      openFirst: matchMedia("(min-width: 64rem)").matches,
      chosen: new Map<string, boolean>(),
      onAnswered: (analysis: Parameters<typeof store.hearAnalysis>[0]) => store.hearAnalysis(analysis),
      onStale: (item: Item) => void store.reread(item.seq),
    }),
    [store],
  );
}
