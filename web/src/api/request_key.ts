/** The key of a request that creates something: the same while it is tried again, so that it happens once. */
import { useState } from "react";
import { newKey } from "./client";
import { Problem } from "./problem";

export class RequestKey {
  private open: { body: string; key: string } | null = null;

  /**
   * Sends a body under its key. What was answered is over: the server would give the same refusal for a day, also where
   * what stood in the way is gone by then.
   */
  async under<Body, Answer>(body: Body, send: (body: Body, key: string) => Promise<Answer>): Promise<Answer> {
    const told = JSON.stringify(body);
    if (this.open?.body !== told) this.open = { body: told, key: newKey() };
    const { open } = this;
    try {
      const answer = await send(body, open.key);
      this.forget(open);
      return answer;
    } catch (reason) {
      if (wasRefused(reason)) this.forget(open);
      throw reason;
    }
  }

  private forget(answered: object): void {
    if (this.open === answered) this.open = null;
  }
}

/** Whether the server has decided; one that is still at the first try has not. */
function wasRefused(reason: unknown): boolean {
  return reason instanceof Problem && !reason.passing && reason.kind !== "still-in-flight";
}

/** One for as long as what asks is on the page. */
export function useRequestKey(): RequestKey {
  const [key] = useState(() => new RequestKey());
  return key;
}
