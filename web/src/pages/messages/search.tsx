/** A search through one's own messages; its words go in a request's body and never into an address. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Search as SearchIcon, X } from "lucide-react";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { inWords } from "@/i18n/times";
import type { Conversation } from "@/realtime/conversation_list";
import { authorOf } from "@/realtime/members";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Empty, PageProblem, Waiting } from "@/ui/states";

export function SearchForm({ query, onSearch }: { query: string; onSearch: (query: string) => void }) {
  const { t } = useTranslation("messages");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSearch(String(new FormData(event.currentTarget).get("query") ?? "").trim());
  };
  return (
    <search>
      <form onSubmit={submit} className="flex gap-1.5" key={query}>
        <label className="sr-only" htmlFor="search-messages">
          {t("search.label")}
        </label>
        <input
          id="search-messages"
          name="query"
          type="search"
          maxLength={200}
          defaultValue={query}
          placeholder={t("search.label")}
          title={t("search.hint")}
          autoComplete="off"
          className="min-h-11 min-w-0 flex-1 rounded-control border border-line-strong bg-surface px-3 py-2 placeholder:text-ink-soft"
        />
        <Button type="submit" look="plain" size="icon" className="shrink-0" aria-label={t("search.run")}>
          <SearchIcon aria-hidden />
        </Button>
      </form>
    </search>
  );
}

interface ResultsProps {
  query: string;
  conversations: readonly Conversation[];
  onClear: () => void;
}

export function SearchResults({ query, conversations, onClear }: ResultsProps) {
  const { t } = useTranslation("messages");
  const { data: session } = useSession();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useInfiniteQuery({
      queryKey: ["message-search", query],
      initialPageParam: undefined as string | undefined,
      queryFn: ({ pageParam }) =>
        call(api.POST("/api/messages/search", { body: { query, limit: 20, cursor: pageParam ?? null } })),
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      gcTime: 0,
    });
  const found = data?.pages.flatMap(({ items }) => items) ?? [];
  const lookedBack = data?.pages.at(-1)?.searchedBackTo;
  const me = session?.user.id;
  const nameOf = (conversationId: string, senderId: string) => {
    if (senderId === me) return t("search.you");
    const conversation = conversations.find(({ id }) => id === conversationId);
    return (conversation && authorOf(conversation, senderId)?.name) ?? "";
  };
  return (
    <section aria-label={t("search.results")} className="grid grid-cols-[minmax(0,1fr)] gap-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p role="status" className="text-sm text-ink-soft">
          {data && (found.length ? t("search.count", { count: found.length }) : t("search.none"))}
        </p>
        <Button look="quiet" size="small" className="min-h-11" onClick={onClear}>
          <X aria-hidden />
          {t("search.clear")}
        </Button>
      </div>
      {isPending && <Waiting />}
      {error && <PageProblem error={error} retry={refetch} />}
      <ul className="grid grid-cols-[minmax(0,1fr)] gap-1">
        {found.map((message) => (
          <li key={message.id}>
            <Link
              to={`/messages/${message.conversationId}?at=${message.seq}`}
              className="grid grid-cols-[minmax(0,1fr)] gap-0.5 rounded-card px-3 py-2.5 hover:bg-raised"
            >
              <span className="flex justify-between gap-2 text-sm text-ink-soft">
                <span className="truncate font-semibold">
                  {nameOf(message.conversationId, message.senderId)}
                </span>
                <time dateTime={message.sentAt} className="shrink-0">
                  {inWords(message.sentAt, "date")}
                </time>
              </span>
              <span className="line-clamp-3 break-words">{message.body}</span>
            </Link>
          </li>
        ))}
      </ul>
      {data && !found.length && !hasNextPage && <Empty>{t("search.hint")}</Empty>}
      {hasNextPage && (
        <div className="grid justify-items-start gap-1">
          <Button look="plain" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("search.more")}
          </Button>
          {lookedBack && (
            <p className="text-sm text-ink-soft">{t("search.back", { day: inWords(lookedBack, "date") })}</p>
          )}
        </div>
      )}
    </section>
  );
}
