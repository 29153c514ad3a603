import type { KeyboardEvent } from "react";
import { classes } from "@/ui/classes";
import { weekdayName } from "../weekdays";
import { HOUR_PX, useMoving } from "./dragging";
import { type Hours, minutesOf, moved } from "./hours";
import { useHoursWords } from "./hours_words";

const STEP = 15;

interface Props {
  hours: Hours;
  today: string;
  firstHour: number;
  wide: boolean;
  onOpen: () => void;
  /** Said false where something is in the way: the hours stay then. */
  onMove: (changed: Hours) => void;
  onRemove: () => void;
}

/** Hours of one day: in the grid a block at their place, on a phone a line of a list. */
export function HoursBlock({ hours, today, firstHour, wide, onOpen, onMove, onRemove }: Props) {
  const words = useHoursWords();
  const moving = useMoving(hours, onMove);
  const { start, end } = moving.shown;
  const holding = words.holding(hours, today);
  const span = words.span({ start, end });
  const top = ((minutesOf(start) - firstHour * 60) / 60) * HOUR_PX;
  const height = ((minutesOf(end) - minutesOf(start)) / 60) * HOUR_PX;
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowUp: -STEP, ArrowDown: STEP }[event.key];
    if (by) onMove(moved(hours, by, event.shiftKey));
    else if (event.key === "Delete" || event.key === "Backspace") onRemove();
    else return;
    event.preventDefault();
  };
  return (
    <li
      className="md:absolute md:inset-x-1"
      style={wide ? { top: `${top}px`, height: `${height}px` } : undefined}
    >
      <button
        type="button"
        aria-label={[weekdayName(hours.weekday), span, holding].filter(Boolean).join(", ")}
        onClick={() => !moving.wasDragged() && onOpen()}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => wide && moving.begin(event, false)}
        onPointerMove={moving.move}
        onPointerUp={moving.end}
        onPointerCancel={moving.cancel}
        className={classes(
          "flex min-h-11 w-full flex-wrap content-start items-baseline gap-x-3 overflow-hidden rounded-control border border-leaf bg-leaf-soft px-3 py-2 text-left text-ink",
          "md:h-full md:min-h-0 md:cursor-grab md:px-2 md:py-1 md:text-sm md:leading-snug active:md:cursor-grabbing",
          holding && "border-dashed",
        )}
      >
        <span className="font-semibold">{span}</span>
        {holding && <span className="text-sm text-ink-soft md:text-xs">{holding}</span>}
      </button>
      {wide && (
        <span
          aria-hidden
          className="absolute inset-x-2 bottom-0 flex h-3 cursor-ns-resize items-end justify-center pb-1"
          onPointerDown={(event) => moving.begin(event, true)}
          onPointerMove={moving.move}
          onPointerUp={moving.end}
          onPointerCancel={moving.cancel}
        >
          <span className="h-0.5 w-6 rounded-full bg-leaf" />
        </span>
      )}
    </li>
  );
}
