// @vitest-environment jsdom
import { expect, it } from "vitest";
import { forgetSession } from "@/session/session";
import { draftOf, keepDraft } from "./drafts";

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
