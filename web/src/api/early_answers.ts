/** What `early.ts` asked before the libraries had arrived: whoever asks the same first is given that answer, once. */

declare global {
  /** By `earlyKey`; laid down by `early.ts`. */
  var bloomEarly: Map<string, Promise<Response>> | undefined;
}

/** Path and question, but for the moment from which on something is asked for: both ask from now on. */
export function earlyKey(address: string): string {
  const { pathname, searchParams } = new URL(address, location.origin);
  searchParams.delete("from");
  return `${pathname}?${searchParams}`;
}

/** The early answer to this request; undefined where there is none, or somebody else asks. */
export function takeEarlyAnswer({ method, url, headers }: Request): Promise<Response> | undefined {
  if (method !== "GET") dropEarlyAnswers(); // what is changed now is told otherwise from here on
  if (!globalThis.bloomEarly?.size || headers.has("X-Session")) return undefined;
  const key = earlyKey(url);
  const answer = globalThis.bloomEarly.get(key);
  globalThis.bloomEarly.delete(key);
  return answer;
}

/** They are of a person, and of a moment. */
export function dropEarlyAnswers(): void {
  globalThis.bloomEarly?.clear();
}
