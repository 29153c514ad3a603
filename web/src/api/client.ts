/** The product's own API, typed by its OpenAPI document: `await call(api.GET("/api/…"))` gives the answer or throws. */
import createClient from "openapi-fetch";
import { takeEarlyAnswer } from "./early_answers";
import { inTime } from "./in_time";
import { type Problem, toldProblem, unreachable } from "./problem";
import type { components, paths } from "./schema";

/** A shape of the contract, by its name there. */
export type Shape<Name extends keyof components["schemas"]> = components["schemas"][Name];

export const api = createClient<paths>({
  baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
  credentials: "same-origin",
  fetch: (request: Request) => takeEarlyAnswer(request) ?? fetch(request, { signal: inTime(request.signal) }),
});

/** Have every request changed before it goes; gives the way to stop. */
export function onRequest(change: (request: Request) => void): () => void {
  const step = {
    onRequest({ request }: { request: Request }) {
      change(request);
      return request;
    },
  };
  api.use(step);
  return () => api.eject(step);
}

type Outcome<Data> = { data?: Data; error?: unknown; response: Response };

/** What is told of every problem: the session's keeper listens here for a 401. */
const listeners = new Set<(problem: Problem) => void>();

/** Hear of each problem; gives the way to stop. */
export function onProblem(listener: (problem: Problem) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What is told of every answer: it is what the server counts as use of the session. */
const answered = new Set<(response: Response) => void>();

/** Hear of each answer; gives the way to stop. */
export function onAnswer(listener: (response: Response) => void): () => void {
  answered.add(listener);
  return () => answered.delete(listener);
}

/** The answer's body. Throws Problem, with kind `unreachable` where no answer came. */
export async function call<Data>(asked: Promise<Outcome<Data>>): Promise<Data> {
  let outcome: Outcome<Data>;
  try {
    outcome = await asked;
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw heard(unreachable());
  }
  for (const listener of answered) listener(outcome.response);
  if (!outcome.response.ok)
    throw heard(toldProblem((outcome.error ?? {}) as Record<string, unknown>, outcome.response));
  return outcome.data as Data;
}

function heard(problem: Problem): Problem {
  for (const listener of listeners) listener(problem);
  return problem;
}

/** A key under which a repeated request is the same request (`Idempotency-Key`). */
export function newKey(): string {
  return crypto.randomUUID();
}
