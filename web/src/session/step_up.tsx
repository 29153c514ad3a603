/** Some steps want a fresh proof of who asks. `useStepUp()` runs one, asks for the proof where it is wanted, and goes on. */
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
import { Problem } from "@/api/problem";
import { StepUpDialog } from "./step_up_dialog";

type Guarded = <Result>(step: () => Promise<Result>) => Promise<Result>;

const Context = createContext<Guarded>((step) => step());

/** The proof was not given: nothing happened. */
export class NotProven extends Error {}

export function StepUpProvider({ children }: { children: ReactNode }) {
  const [asking, setAsking] = useState(false);
  const settle = useRef<((proven: boolean) => void) | null>(null);
  const ask = useCallback(() => {
    setAsking(true);
    return new Promise<boolean>((resolve) => {
      settle.current = resolve;
    });
  }, []);
  const guarded = useCallback<Guarded>(
    async (step) => {
      try {
        return await step();
      } catch (reason) {
        if (!(reason instanceof Problem) || reason.kind !== "step-up-required") throw reason;
        if (!(await ask())) throw new NotProven();
        return step();
      }
    },
    [ask],
  );
  const finish = (proven: boolean) => {
    setAsking(false);
    settle.current?.(proven);
    settle.current = null;
  };
  return (
    <Context value={guarded}>
      {children}
      {asking && <StepUpDialog onDone={finish} />}
    </Context>
  );
}

/** Runs a step; where the server wants a fresh proof it is asked for, and the step runs again. Throws NotProven. */
export function useStepUp(): Guarded {
  return useContext(Context);
}
