/** The availability that is being edited: what the server has, what was changed, saving, and what another window did. */
import { useState } from "react";
import { api, call, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { queryClient } from "@/api/queries";
import { deviceZone } from "@/i18n/times";
import type { Availability } from "./hours";

export type Kept = Shape<"ShownAvailability">;

export interface Draft {
  now: Availability;
  change: (fields: Partial<Availability>) => void;
  changed: boolean;
  saving: boolean;
  /** Why saving failed; `availability-changed` where another window was quicker. */
  failure: unknown;
  save: () => Promise<boolean>;
  /** Forget what was changed here. */
  discard: () => void;
  /** What the other window kept takes this one's place. */
  takeTheirs: () => Promise<void>;
  /** This one takes the place of what the other window kept. */
  keepMine: () => Promise<boolean>;
}

/**
 * The fields that a therapist sets, without what only names a state of them. Who never chose a zone and has no hours yet
 * begins by the clock of their device.
 */
export function fieldsOf({ version: _version, revision: _revision, ...fields }: Kept): Availability {
  const isUnset = fields.timeZone === "UTC" && !fields.rules.length && !fields.exceptions?.length;
  return isUnset ? { ...fields, timeZone: deviceZone() } : fields;
}

const KEY = ["availability"] as const;

function askAnew(): Promise<Kept> {
  return queryClient.fetchQuery({
    queryKey: KEY,
    queryFn: () => call(api.GET("/api/appointments/availability")),
    staleTime: 0,
  });
}

/** Begins with what the server has; that is told anew only by `takeTheirs`, so that nothing changes under the hand. */
export function useDraft(first: Kept): Draft {
  const [base, setBase] = useState(first);
  const [now, setNow] = useState<Availability>(() => fieldsOf(first));
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const begin = (kept: Kept) => {
    setBase(kept);
    setNow(fieldsOf(kept));
    setFailure(null);
  };
  const put = async (revision: string) => {
    setSaving(true);
    try {
      const kept = await call(api.PUT("/api/appointments/availability", { body: { ...now, revision } }));
      queryClient.setQueryData(KEY, kept);
      void queryClient.invalidateQueries({ queryKey: ["own-slots"] });
      setBase(kept);
      setFailure(null);
      setNow((then) => afterSaving(now, then, fieldsOf(kept)));
      return true;
    } catch (reason) {
      setFailure(reason);
      return false;
    } finally {
      setSaving(false);
    }
  };
  return {
    now,
    change: (fields) => setNow((before) => ({ ...before, ...fields })),
    changed: JSON.stringify(now) !== JSON.stringify(fieldsOf(base)),
    saving,
    failure,
    save: () => put(base.revision),
    discard: () => begin(base),
    takeTheirs: async () => begin(await askAnew()),
    keepMine: async () => put((await askAnew()).revision),
  };
}

/** What stands here once `sent` was kept: what was changed meanwhile stays changed, and is not saved yet. */
export function afterSaving(sent: Availability, now: Availability, kept: Availability): Availability {
  const names = Object.keys(kept) as (keyof Availability)[];
  const meanwhile = names.filter((name) => now[name] !== sent[name]).map((name) => [name, now[name]]);
  return { ...kept, ...Object.fromEntries(meanwhile) };
}

/** Whether another window was quicker. */
export function isOvertaken(failure: unknown): boolean {
  return failure instanceof Problem && failure.kind === "availability-changed";
}
