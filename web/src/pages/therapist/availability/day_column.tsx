import { Copy, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { weekdayName } from "../weekdays";
import { HOUR_PX, useDrawing } from "./dragging";
import { type Hours, minutesOf } from "./hours";
import { HoursBlock } from "./hours_block";

interface Props {
  weekday: number;
  hours: readonly Hours[];
  today: string;
  shown: { from: number; to: number };
  wide: boolean;
  onAdd: (hours: Hours, ask: boolean) => void;
  onOpen: (hours: Hours) => void;
  onMove: (hours: Hours, changed: Hours) => void;
  onRemove: (hours: Hours) => void;
  onCopy: () => void;
}

/** One day of the week with its hours. */
export function DayColumn(props: Props) {
  const { weekday, hours, today, shown, wide, onAdd, onOpen, onMove, onRemove, onCopy } = props;
  const { t } = useTranslation("therapist");
  const drawing = useDrawing(shown.from, (span, isClick) => onAdd({ weekday, ...span }, isClick));
  const name = weekdayName(weekday);
  const ghost = drawing.ghost;
  return (
    <section aria-label={name} className="grid min-w-0 content-start gap-2 md:gap-1">
      <div className="flex items-center justify-between gap-1 md:grid md:justify-items-center">
        <h3 className="first-letter:uppercase md:max-w-full md:truncate md:text-sm">{name}</h3>
        <div className="flex">
          <Button
            look="quiet"
            size="icon"
            className="md:size-8"
            aria-label={t("availability.addOn", { day: name })}
            onClick={() => onAdd({ weekday, start: "09:00", end: "12:00" }, true)}
          >
            <Plus aria-hidden />
          </Button>
          <Button
            look="quiet"
            size="icon"
            className="md:size-8"
            aria-label={t("availability.copyOf", { day: name })}
            onClick={onCopy}
          >
            <Copy aria-hidden />
          </Button>
        </div>
      </div>
      <div
        className="relative md:cursor-cell md:overflow-hidden md:rounded-control md:border md:border-line md:bg-[repeating-linear-gradient(to_bottom,var(--line)_0_1px,transparent_1px_44px)]"
        style={wide ? { height: `${(shown.to - shown.from) * HOUR_PX}px` } : undefined}
        onPointerDown={wide ? drawing.begin : undefined}
        onPointerMove={drawing.move}
        onPointerUp={drawing.end}
        onPointerCancel={drawing.cancel}
      >
        {!hours.length && <p className="text-ink-soft md:sr-only">{t("availability.noHours")}</p>}
        <ul className="grid gap-2 empty:hidden md:contents">
          {hours.map((one, place) => (
            <HoursBlock
              // biome-ignore lint/suspicious/noArrayIndexKey: hours keep their place while they are moved, and the focus with it
              key={place}
              hours={one}
              today={today}
              firstHour={shown.from}
              wide={wide}
              onOpen={() => onOpen(one)}
              onMove={(changed) => onMove(one, changed)}
              onRemove={() => onRemove(one)}
            />
          ))}
        </ul>
        {ghost && (
          <div
            aria-hidden
            className="pointer-events-none absolute inset-x-1 rounded-control border-2 border-dashed border-leaf bg-leaf-soft/60"
            style={{
              top: `${((minutesOf(ghost.start) - shown.from * 60) / 60) * HOUR_PX}px`,
              height: `${((minutesOf(ghost.end) - minutesOf(ghost.start)) / 60) * HOUR_PX}px`,
            }}
          />
        )}
      </div>
    </section>
  );
}
