/** The conversations that somebody has, as the server lists them, kept up to date by what is told live. */
import { type InfiniteData, infiniteQueryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, call, type Shape } from "@/api/client";
import { queryClient } from "@/api/queries";
import { authorOf } from "./members";
import type { ShownMessage } from "./timeline";

export type Conversation = Shape<"ShownConversation">;
type Page = Shape<"Conversations">;

const LIST = ["conversations"] as const;
const one = (id: string) => ["conversation", id] as const;

const PAGE = 50;

/** All of them, page by page, the latest activity first. */
export const conversationsQuery = infiniteQueryOptions({
  queryKey: LIST,
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam }) =>
    call(api.GET("/api/conversations", { params: { query: { limit: PAGE, cursor: pageParam } } })),
  getNextPageParam: (page) => page.nextCursor ?? undefined,
});

export function useConversations(enabled = true) {
  return useInfiniteQuery({ ...conversationsQuery, enabled });
}

/** One of them; what the list says of it is shown at once. */
export function useConversationOf(id: string) {
  return useQuery({
    queryKey: one(id),
    queryFn: () => call(api.GET("/api/conversations/{id}", { params: { path: { id } } })),
    placeholderData: () => listed(id),
  });
}

export function refreshConversations(id?: string): void {
  void queryClient.invalidateQueries({ queryKey: LIST });
  if (id) void queryClient.invalidateQueries({ queryKey: one(id) });
}

/** A message was sent, edited or deleted; `isUnread` where it waits to be read here. */
export function hearInList(message: ShownMessage, isUnread: boolean): void {
  const known = listed(message.conversationId);
  // Somebody who covers may have come in meanwhile.
  if (!known || !authorOf(known, message.senderId)) refreshConversations(message.conversationId);
  patch(message.conversationId, (known) => {
    if (message.seq < known.lastSeq) return known;
    const isNew = message.seq > known.lastSeq;
    return {
      ...known,
      lastSeq: message.seq,
      lastMessage: message,
      unreadCount: known.unreadCount + (isNew && isUnread ? 1 : 0),
    };
  });
}

/** Its reader has read everything. */
export function markReadInList(id: string): void {
  patch(id, (known) => (known.unreadCount ? { ...known, unreadCount: 0 } : known));
}

/** It can be read, and no longer be written in. */
export function closeInList(id: string): void {
  patch(id, (known) => ({ ...known, isOpen: false }));
}

function listed(id: string): Conversation | undefined {
  const list = queryClient.getQueryData<InfiniteData<Page>>(LIST);
  return list?.pages.flatMap(({ items }) => items).find((conversation) => conversation.id === id);
}

function patch(id: string, change: (known: Conversation) => Conversation): void {
  queryClient.setQueryData<Conversation>(one(id), (known) => known && change(known));
  queryClient.setQueryData<InfiniteData<Page>>(LIST, (list) => {
    if (!list) return list;
    const pages = list.pages.map((page) => ({
      ...page,
      items: page.items.map((known) => (known.id === id ? change(known) : known)),
    }));
    return { ...list, pages: inOrder(pages) };
  });
}

/** The same pages with the latest activity first. */
function inOrder(pages: Page[]): Page[] {
  const sorted = pages
    .flatMap(({ items }) => items)
    .sort((a, b) => (b.lastMessage?.sentAt ?? "").localeCompare(a.lastMessage?.sentAt ?? ""));
  let from = 0;
  return pages.map((page) => {
    const items = sorted.slice(from, from + page.items.length);
    from += page.items.length;
    return { ...page, items };
  });
}
