/** The conversations, the latest first, and the search through them. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { dayOf, inWords } from "@/i18n/times";
import { type Conversation, useConversations } from "@/realtime/conversation_list";
import { authorOf, otherOf } from "@/realtime/members";
import { usePresence } from "@/realtime/people";
import { useSession } from "@/session/session";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { MoreButton } from "@/ui/more_button";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { SearchForm, SearchResults } from "./search";

/** `openId` is the one that stands open beside the list. */
export function ConversationListPane({ openId }: { openId?: string }) {
  const { t } = useTranslation("messages");
  const [query, setQuery] = useState("");
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useConversations();
  const all = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] content-start gap-3">
      <SearchForm query={query} onSearch={setQuery} />
      {query ? (
        <SearchResults query={query} conversations={all} onClear={() => setQuery("")} />
      ) : isPending ? (
        <Waiting />
      ) : error && !data ? (
        <PageProblem error={error} retry={refetch} />
      ) : all.length === 0 ? (
        <NoConversations />
      ) : (
        <nav aria-label={t("list.name")}>
          <ul className="grid grid-cols-[minmax(0,1fr)] gap-1">
            {all.map((conversation) => (
              <Entry key={conversation.id} conversation={conversation} isOpen={conversation.id === openId} />
            ))}
          </ul>
          <MoreButton asked={{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
        </nav>
      )}
    </div>
  );
}

function NoConversations() {
  const { t } = useTranslation("messages");
  const { data: session } = useSession();
  const isPatient = session?.user.role === "PATIENT";
  return (
    <Empty
      action={
        <Button asChild look="plain">
          <Link to={isPatient ? "/therapists" : "/patients"}>
            {t(isPatient ? "list.find" : "list.requests")}
          </Link>
        </Button>
      }
    >
      {t(isPatient ? "list.none" : "list.noneTherapist")}
    </Empty>
  );
}

function Entry({ conversation, isOpen }: { conversation: Conversation; isOpen: boolean }) {
  const { t } = useTranslation("messages");
  const { data: session } = useSession();
  const me = session?.user.id;
  const other = otherOf(conversation, me);
  const presence = usePresence(other?.userId);
  const { lastMessage, unreadCount } = conversation;
  return (
    <li>
      <Link
        to={`/messages/${conversation.id}`}
        aria-current={isOpen ? "page" : undefined}
        className={classes(
          "grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-3 rounded-card border px-3 py-2.5",
          isOpen ? "border-line bg-leaf-soft" : "border-transparent hover:bg-raised",
        )}
      >
        <Initials name={other?.name ?? ""} isThere={presence?.online ?? false} />
        <span className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-0.5">
          <span className="flex items-baseline justify-between gap-2">
            <strong className="truncate">{other?.name}</strong>
            {lastMessage && (
              <time dateTime={lastMessage.sentAt} className="shrink-0 text-sm text-ink-soft">
                {shortTime(lastMessage.sentAt)}
              </time>
            )}
          </span>
          <span className="flex items-center justify-between gap-2">
            <span className={classes("truncate", unreadCount > 0 ? "font-semibold" : "text-ink-soft")}>
              <Preview conversation={conversation} me={me} />
            </span>
            {unreadCount > 0 ? (
              <span className="shrink-0 rounded-full bg-leaf px-2 text-sm font-bold text-on-leaf">
                <span aria-hidden>{unreadCount > 99 ? "99+" : unreadCount}</span>
                <span className="sr-only">{t("list.unread", { count: unreadCount })}</span>
              </span>
            ) : (
              !conversation.isOpen && <Badge>{t("list.closed")}</Badge>
            )}
          </span>
        </span>
      </Link>
    </li>
  );
}

export function Initials({ name, isThere }: { name: string; isThere: boolean }) {
  const { t } = useTranslation("messages");
  const letters = name
    .split(/\s+/)
    .map((part) => part[0] ?? "")
    .filter((_, index, all) => index === 0 || index === all.length - 1)
    .join("")
    .toUpperCase();
  return (
    <span className="relative grid size-11 shrink-0 place-items-center rounded-full bg-raised font-bold text-ink-soft">
      <span aria-hidden>{letters}</span>
      {isThere && (
        <span className="absolute right-0 bottom-0 size-3.5 rounded-full border-2 border-surface bg-leaf">
          <span className="sr-only">{t("presence.online")}</span>
        </span>
      )}
    </span>
  );
}

function Preview({ conversation, me }: { conversation: Conversation; me: string | undefined }) {
  const { t } = useTranslation("messages");
  const { lastMessage: message } = conversation;
  if (!message) return t("list.nothingYet");
  if (message.deletedAt) return t("list.deleted");
  const words = message.body || t("list.files", { count: message.attachments?.length ?? 0 });
  if (message.senderId === me) return t("list.you", { words });
  // The entry bears the other's name: what somebody else wrote is not to look like theirs.
  if (message.senderId === otherOf(conversation, me)?.userId) return words;
  const name = authorOf(conversation, message.senderId)?.name ?? t("message.clinician");
  return t("list.somebody", { name, words });
}

function shortTime(instant: string): string {
  return inWords(instant, dayOf(instant) === dayOf(new Date()) ? "time" : "day");
}
