// @vitest-environment jsdom
import { expect, it, vi } from "vitest";
import { forgetSession } from "@/session/session";
import { Draft, draftOf, keepDraft } from "./drafts";

it("keeps a draft for its author, and nothing once they signed out, whatever the closing page still says", async () => {
  keepDraft("me", "c", "half a thought");
  expect([draftOf("me", "c"), draftOf("her", "c")]).toEqual(["half a thought", ""]);
  await forgetSession();
  keepDraft("me", "c", "half a thought");
  expect(Object.keys(localStorage).filter((key) => key.startsWith("bloom.draft"))).toEqual([]);
  expect(draftOf("me", "c")).toBe("");
  keepDraft("me", "c", "anew");
  expect(draftOf("me", "c")).toBe("anew");
});

it("keeps what was sent until it is safe elsewhere, and for good where it never is", async () => {
  const draft = new Draft("me", "sent");
  let safe: () => void = () => undefined;
  draft.keep("to be sent");
  draft.handOver(new Promise<void>((resolve) => (safe = resolve)));
  draft.keep("");
  expect(draftOf("me", "sent")).toBe("to be sent");
  safe();
  await vi.waitFor(() => expect(draftOf("me", "sent")).toBe(""));
  draft.keep("the next");
  draft.handOver(Promise.resolve());
  await Promise.resolve();
  expect(draftOf("me", "sent")).toBe("the next");
  draft.handOver(Promise.reject(new Error("no room")));
  draft.keep("");
  await Promise.resolve();
  expect(draftOf("me", "sent")).toBe("the next");
});
