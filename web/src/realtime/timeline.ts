/**
 * What is known of one conversation, whatever order it came in: a pure value.
 *
 * `seq` numbers messages and `revision` numbers edits and deletions, both without a gap. So duplicates fall away, what
 * comes late finds its place, and what is missing is seen and can be asked for.
 */
import type { Shape } from "@/api/client";

export type ShownMessage = Shape<"ShownMessage">;
export type Analysis = Shape<"ShownAnalysis">;
export type History = Shape<"History">;
/** A message; for a therapist with what the model said of it, once there is that. */
export type Item = ShownMessage & { analysis?: Analysis | null };

export interface Timeline {
  /** Oldest first, each number once. Numbers may be missing between two: see `wanted`. */
  readonly messages: readonly Item[];
  /** The number up to which none is missing after the first of `messages`; 0 where nothing is held. */
  readonly seq: number;
  /** The edit or deletion up to which all are known. */
  readonly revision: number;
  /** How far the conversation has come, as far as anybody told. */
  readonly lastSeq: number;
  readonly lastRevision: number;
  /** Messages before the first of `messages` that were changed: their state, for when they are loaded. */
  readonly strays: ReadonlyMap<string, Item>;
  /** What the model said of messages that have not come yet. */
  readonly early: ReadonlyMap<string, Analysis>;
}

export const NOTHING: Timeline = {
  messages: [],
  seq: 0,
  revision: 0,
  lastSeq: 0,
  lastRevision: 0,
  strays: new Map(),
  early: new Map(),
};

/** The part of a conversation that is missing, as GET /api/messages takes it. */
export type Wanted = { afterSeq: number } | { afterRevision: number };

/** Begin with the latest page. */
export function opened({ items, lastSeq, lastRevision }: History): Timeline {
  const begun = { ...NOTHING, lastSeq, lastRevision, revision: lastRevision };
  return lastSeq === 0 ? begun : placed(begun, items);
}

/** A message that was just sent, edited or deleted, told live: it is the next, a duplicate, or shows that some are missing. */
export function told(timeline: Timeline, item: Item): Timeline {
  const revision = item.revision ?? 0;
  return placed(
    {
      ...timeline,
      revision: revision === timeline.revision + 1 ? revision : timeline.revision,
      lastSeq: Math.max(timeline.lastSeq, item.seq),
      lastRevision: Math.max(timeline.lastRevision, revision),
    },
    [item],
  );
}

/** A page of what came before, or of what was missing between; in their state when it was read. */
export function filled(timeline: Timeline, { items, lastSeq, lastRevision }: History): Timeline {
  return placed(
    {
      ...timeline,
      lastSeq: Math.max(timeline.lastSeq, lastSeq),
      lastRevision: Math.max(timeline.lastRevision, lastRevision),
    },
    items,
  );
}

/** A page of the answer to `afterRevision`. */
export function revised(timeline: Timeline, page: History): Timeline {
  const known = page.nextCursor === null ? page.lastRevision : (page.items.at(-1)?.revision ?? 0);
  const next = filled(timeline, page);
  return { ...next, revision: Math.max(next.revision, known) };
}

/** The relay has sent everything after the place that was given to it, up to these numbers. */
export function recovered(timeline: Timeline, upTo: { lastSeq: number; lastRevision: number }): Timeline {
  return {
    ...timeline,
    lastSeq: Math.max(timeline.lastSeq, upTo.lastSeq),
    revision: Math.max(timeline.revision, upTo.lastRevision),
    lastRevision: Math.max(timeline.lastRevision, upTo.lastRevision),
  };
}

/** What the model said of a message, or what was answered to that. */
export function analysed(timeline: Timeline, analysis: Analysis): Timeline {
  const index = timeline.messages.findLastIndex(({ id }) => id === analysis.messageId);
  const item = timeline.messages[index];
  if (!item || analysis.messageVersion > item.version)
    return { ...timeline, early: new Map(timeline.early).set(analysis.messageId, analysis) };
  if (analysis.messageVersion < item.version || older(analysis, item.analysis)) return timeline;
  return { ...timeline, messages: timeline.messages.with(index, { ...item, analysis }) };
}

/** What to ask the server for next, or null where nothing is missing. */
export function wanted(timeline: Timeline): Wanted | null {
  if (timeline.lastSeq > timeline.seq) return { afterSeq: timeline.seq };
  if (timeline.lastRevision > timeline.revision) return { afterRevision: timeline.revision };
  return null;
}

/** The number of the message before which older ones can be loaded, or null at the conversation's beginning. */
export function olderThan(timeline: Timeline): number | null {
  const first = timeline.messages[0]?.seq ?? 1;
  return first > 1 ? first : null;
}

/** Where a message stands in `messages`, or would. */
export function placeOf(messages: readonly Item[], seq: number): number {
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((messages[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function placed(timeline: Timeline, items: readonly Item[]): Timeline {
  const messages = [...timeline.messages];
  const strays = new Map(timeline.strays);
  const early = new Map(timeline.early);
  const first = messages[0]?.seq;
  const joins = first === undefined || items.some(({ seq }) => seq === first - 1);
  for (const item of items) {
    if (first !== undefined && item.seq < first && !joins) {
      // Of a time before ours: a change of it is kept for when it is loaded, so that an older state cannot win then.
      if (item.revision) strays.set(item.id, newer(strays.get(item.id), item));
      continue;
    }
    const place = placeOf(messages, item.seq);
    const held = messages[place]?.seq === item.seq ? messages[place] : undefined;
    const state = withAnalysis(newer(newer(strays.get(item.id), held), item), early.get(item.id));
    messages.splice(place, held ? 1 : 0, state);
    strays.delete(item.id);
    if (early.get(item.id)?.messageVersion === state.version) early.delete(item.id);
  }
  return { ...timeline, messages, strays, early, seq: reach(messages, timeline.seq) };
}

/** The last number that can be reached from the first without a step over a missing one. */
function reach(messages: readonly Item[], from: number): number {
  let index = from ? placeOf(messages, from) : 0;
  while (messages[index + 1]?.seq === (messages[index]?.seq ?? 0) + 1) index += 1;
  return messages[index]?.seq ?? 0;
}

/** Of two states of a message the later one, with the analysis of that state. */
function newer<Known extends Item | undefined>(known: Known, item: Item): Item;
function newer(known: Item | undefined, item: Item | undefined): Item | undefined;
function newer(known: Item | undefined, item: Item | undefined): Item | undefined {
  if (!known || !item) return item ?? known;
  const [first, second] =
    (known.revision ?? 0) > (item.revision ?? 0) || known.version > item.version
      ? [item, known]
      : [known, item];
  return withAnalysis(second, first.analysis);
}

function withAnalysis(item: Item, analysis: Analysis | null | undefined): Item {
  if (!analysis || analysis.messageVersion !== item.version || older(analysis, item.analysis)) return item;
  return { ...item, analysis };
}

/** Whether an analysis says less than another of the same version: an answer to it that was given or revised meanwhile. */
function older(analysis: Analysis, than: Analysis | null | undefined): boolean {
  return than?.id === analysis.id && (analysis.feedback?.revision ?? 0) < (than.feedback?.revision ?? 0);
}
