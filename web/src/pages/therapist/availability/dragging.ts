/** Drawing and moving hours with a mouse or pen; a finger scrolls the page, and opens the dialog by a tap. */
import { type PointerEvent, useRef, useState } from "react";
import { clockOf, type Hours, MINUTES_OF_A_DAY, moved } from "./hours";

/** How high an hour is in the grid. */
export const HOUR_PX = 44;
const SNAP = 15;
/** Hours that are opened by a mere click. */
const AN_HOUR = 60;

function snapped(minutes: number): number {
  return Math.round(minutes / SNAP) * SNAP;
}

/** Moves hours, or their end alone, with the pointer. */
export function useMoving(hours: Hours, commit: (changed: Hours) => void) {
  const [shown, setShown] = useState<Hours | null>(null);
  const began = useRef<{ y: number; endAlone: boolean } | null>(null);
  const dragged = useRef(false);
  return {
    shown: shown ?? hours,
    /** Whether the click that follows belongs to a drag. */
    wasDragged: () => dragged.current,
    begin: (event: PointerEvent, endAlone: boolean) => {
      dragged.current = false;
      if (event.button !== 0 || event.pointerType === "touch") return;
      began.current = { y: event.clientY, endAlone };
      event.currentTarget.setPointerCapture(event.pointerId);
      event.stopPropagation();
    },
    move: (event: PointerEvent) => {
      if (!began.current) return;
      const by = snapped(((event.clientY - began.current.y) / HOUR_PX) * 60);
      if (by) dragged.current = true;
      setShown(moved(hours, by, began.current.endAlone));
    },
    end: () => {
      began.current = null;
      if (shown && (shown.start !== hours.start || shown.end !== hours.end)) commit(shown);
      setShown(null);
    },
    cancel: () => {
      began.current = null;
      setShown(null);
    },
  };
}

/** Draws new hours on a day's empty ground; `done` also says whether it was a click and no more. */
export function useDrawing(
  firstHour: number,
  done: (span: { start: string; end: string }, isClick: boolean) => void,
) {
  const [span, setSpan] = useState<{ anchor: number; now: number } | null>(null);
  const minuteAt = (event: PointerEvent) => {
    const y = event.clientY - event.currentTarget.getBoundingClientRect().top;
    return Math.min(Math.max(snapped(firstHour * 60 + (y / HOUR_PX) * 60), 0), MINUTES_OF_A_DAY);
  };
  const clocks = ({ anchor, now }: { anchor: number; now: number }) => ({
    start: clockOf(Math.min(anchor, now)),
    end: clockOf(Math.max(anchor, now)),
  });
  return {
    ghost: span && span.anchor !== span.now ? clocks(span) : null,
    begin: (event: PointerEvent) => {
      if (event.button !== 0 || event.pointerType === "touch" || event.target !== event.currentTarget) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const anchor = minuteAt(event);
      setSpan({ anchor, now: anchor });
    },
    move: (event: PointerEvent) => {
      if (span) setSpan({ ...span, now: minuteAt(event) });
    },
    end: () => {
      setSpan(null);
      if (!span) return;
      const isClick = span.anchor === span.now;
      const now = isClick ? Math.min(span.anchor + AN_HOUR, MINUTES_OF_A_DAY) : span.now;
      done(clocks({ anchor: isClick ? now - AN_HOUR : span.anchor, now }), isClick);
    },
    cancel: () => setSpan(null),
  };
}
