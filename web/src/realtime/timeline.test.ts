import { describe, expect, it } from "vitest";
import { item } from "./message_sample";
import {
  type Analysis,
  analysed,
  filled,
  type History,
  type Item,
  olderThan,
  opened,
  recovered,
  revised,
  told,
  wanted,
} from "./timeline";

function page(items: Item[], lastSeq: number, lastRevision = 0, nextCursor: string | null = null): History {
  return { items: items.map((one) => ({ analysis: null, ...one })), nextCursor, lastSeq, lastRevision };
}

const edited = (seq: number, revision: number) =>
  item(seq, {
    version: revision + 1,
    revision,
    body: `edited ${revision}`,
    editedAt: "2026-01-01T00:01:00Z",
  });

function analysis(seq: number, more: Partial<Analysis> = {}): Analysis {
  return {
    id: `a${seq}`,
    messageId: `m${seq}`,
    messageVersion: 1,
    label: "Stress",
    confidence: 0.5,
    allScores: { Stress: 0.5 },
    modelVersion: "1",
    riskLevel: "none",
    createdAt: "2026-01-01T00:00:00Z",
    attachmentsAnalysed: false,
    feedback: null,
    ...more,
  };
}

const seqs = (timeline: { messages: readonly Item[] }) => timeline.messages.map(({ seq }) => seq);

describe("a timeline", () => {
  const begun = opened(page([item(4), item(5)], 5));

  it("wants nothing when it has the latest page, and knows what came before", () => {
    expect([wanted(begun), olderThan(begun)]).toEqual([null, 4]);
    expect([wanted(opened(page([], 0))), olderThan(opened(page([], 0)))]).toEqual([null, null]);
  });

  it("drops duplicates and puts right what comes out of order", () => {
    let timeline = told(begun, item(7));
    expect([seqs(timeline), wanted(timeline)]).toEqual([[4, 5, 7], { afterSeq: 5 }]);
    timeline = told(told(told(timeline, item(7)), item(6)), item(5));
    expect([seqs(timeline), wanted(timeline)]).toEqual([[4, 5, 6, 7], null]);
  });

  it("sees that a change is missing, and is content once it is told up to the last", () => {
    let timeline = told(told(begun, edited(5, 1)), edited(4, 3));
    expect(wanted(timeline)).toEqual({ afterRevision: 1 });
    timeline = revised(timeline, page([edited(5, 2), edited(4, 3)], 5, 3));
    expect([wanted(timeline), timeline.messages[1]?.body]).toEqual([null, "edited 2"]);
    expect(wanted(recovered(timeline, { lastSeq: 6, lastRevision: 3 }))).toEqual({ afterSeq: 5 });
  });

  it("never lets an older state win, not even of what is loaded later", () => {
    let timeline = told(begun, edited(3, 1));
    timeline = told(timeline, edited(2, 2));
    timeline = filled(timeline, page([item(1), item(2), item(3)], 5, 0));
    expect(timeline.messages.map(({ body }) => body)).toEqual([
      "message 1",
      "edited 2",
      "edited 1",
      "message 4",
      "message 5",
    ]);
    expect(told(timeline, item(2)).messages[1]?.body).toBe("edited 2");
  });

  it("keeps an analysis with the version that it is about, whichever comes first", () => {
    let timeline = analysed(begun, analysis(6));
    timeline = told(timeline, item(6));
    expect(timeline.messages.at(-1)?.analysis?.id).toBe("a6");
    timeline = told(timeline, item(6, { revision: 1, version: 2 }));
    expect(timeline.messages.at(-1)?.analysis ?? null).toBeNull();
    expect(analysed(timeline, analysis(6)).messages.at(-1)?.analysis ?? null).toBeNull();
    timeline = analysed(timeline, analysis(6, { id: "b6", messageVersion: 2 }));
    expect(timeline.messages.at(-1)?.analysis?.id).toBe("b6");
  });

  it("does not forget an answer to an analysis for a telling from before it", () => {
    const feedback = { id: "f", therapistId: "t", isCorrect: true, correctedLabel: null, revision: 1 };
    const answered = analysed(analysed(begun, analysis(5)), analysis(5, { feedback }));
    for (const timeline of [analysed(answered, analysis(5)), filled(answered, page([item(5)], 5))])
      expect(timeline.messages.at(-1)?.analysis?.feedback).toEqual(feedback);
  });
});
