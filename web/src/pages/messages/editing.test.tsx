// @vitest-environment jsdom
import { QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, it, vi } from "vitest";
import { queryClient } from "@/api/queries";
import { ConversationStore } from "@/realtime/conversation_store";
import type { Live } from "@/realtime/live";
import { item } from "@/realtime/message_sample";
import type { Item } from "@/realtime/timeline";
import { useEdit } from "./editing";

const theirs = item(1, { version: 2, body: "as it stands elsewhere" });
const other = item(2);

const around = ({ children }: { children: ReactNode }) => (
  <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
);

/** A server at which the first message is in version 2. */
async function conversation(): Promise<Live> {
  const items = [theirs, other].map((message) => ({ ...message, analysis: null }));
  const page = { items, lastSeq: 2, lastRevision: 0, nextCursor: null };
  const store = new ConversationStore("c", { read: async () => page, join: async () => null });
  await store.open();
  vi.stubGlobal("fetch", async (request: Request) => {
    const { version, body } = (await request.json()) as { version: number; body: string };
    if (version !== 2) return Response.json({ type: "urn:x:changed-meanwhile" }, { status: 409 });
    return Response.json({ message: { ...theirs, version: 3, body }, analysis: null });
  });
  return { conversation: () => store } as unknown as Live;
}

it("saves over what came meanwhile once that was shown, and says nothing of it at another message", async () => {
  const live = await conversation();
  const onDone = vi.fn();
  const stale = item(1, { version: 1 });
  const { result, rerender } = renderHook(
    ({ edited }: { edited: Item | null }) => useEdit(live, edited, onDone),
    {
      wrapper: around,
      initialProps: { edited: stale as Item | null },
    },
  );
  act(() => result.current.save("mine"));
  await waitFor(() => expect(result.current.failure).toMatchObject({ kind: "changed-meanwhile" }));
  rerender({ edited: other });
  expect(result.current.failure).toBeNull();
  rerender({ edited: stale });
  expect(result.current.failure).toBeNull();
  act(() => result.current.save("mine"));
  await waitFor(() => expect(onDone).toHaveBeenCalledWith(null));
  expect(live.conversation("c").snapshot().timeline.messages[0]?.body).toBe("mine");
});
