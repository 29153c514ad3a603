import type { ReactNode } from "react";
import { Select } from "@/ui/field";
import { clockOf, MINUTES_OF_A_DAY } from "./hours";
import { useHoursWords } from "./hours_words";

const EVERY = 15;

interface Props {
  label: string;
  value: string;
  onChange: (clock: string) => void;
  fault?: ReactNode;
}

/** A time of the day in quarters of an hour, with whatever else it was before. */
export function ClockChoice({ label, value, onChange, fault }: Props) {
  const { clock } = useHoursWords();
  const quarters = Array.from({ length: MINUTES_OF_A_DAY / EVERY + 1 }, (_, place) => clockOf(place * EVERY));
  const clocks = quarters.includes(value) ? quarters : [...quarters, value].sort();
  return (
    <Select label={label} value={value} onChange={(event) => onChange(event.target.value)} fault={fault}>
      {clocks.map((one) => (
        <option key={one} value={one}>
          {clock(one)}
        </option>
      ))}
    </Select>
  );
}
