/** A step of this page: under way, failed in words, or told when it is done. */
import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useStepUp } from "@/session/step_up";
import { problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";

export interface Step {
  /** What is under way, by the name that `run` got. */
  busy: string | null;
  failure: string | null;
  run: (name: string, step: () => Promise<unknown>, done?: string) => Promise<void>;
}

/** Runs steps that may want a fresh proof; afterwards these answers are asked for anew. `words` may know a failure. */
export function useStep(stale: QueryKey, words: (reason: unknown) => string | null = () => null): Step {
  const guarded = useStepUp();
  const client = useQueryClient();
  const tell = useToast();
  const [busy, setBusy] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const run: Step["run"] = async (name, step, done) => {
    setBusy(name);
    setFailure(null);
    try {
      await guarded(step);
      await client.invalidateQueries({ queryKey: stale });
      if (done) tell(done);
    } catch (reason) {
      setFailure(words(reason) ?? problemWords(reason));
    } finally {
      setBusy(null);
    }
  };
  return { busy, failure, run };
}
