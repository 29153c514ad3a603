/** What the server says went wrong (RFC 9457), as an error that can be thrown and shown. */
export interface FieldFault {
  /** A JSON Pointer into what was sent, as `/email`, or `?name` for a parameter of the address. */
  pointer: string;
  detail: string;
}

export class Problem extends Error {
  constructor(
    /** The last part of the problem's URN, as `slot-taken`; `unreachable` where no answer came. */
    readonly kind: string,
    readonly status: number,
    readonly faults: FieldFault[] = [],
    /** Seconds after which to try again, where the server says so. */
    readonly retryAfter: number | null = null,
    /** The request's id, by which an operator finds it. */
    readonly instance: string | null = null,
    /** Anything else that the server tells about this kind of problem. */
    readonly more: Record<string, unknown> = {},
  ) {
    super(kind);
    this.name = "Problem";
  }

  /** Whether the same request may do better a little later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Whether this field is at fault: `email` for `/email`, `hours` for `/hours/0/start`. */
  faultOf(field: string): FieldFault | undefined {
    return this.faults.find(({ pointer }) => pointer.replace(/^[/?]/, "").split("/")[0] === field);
  }
}

/** The problem that an answer tells of, whatever its body is. */
export async function problemOf(response: Response): Promise<Problem> {
  const told = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  return toldProblem(told, response);
}

/** The problem of an answer whose body has been read. */
export function toldProblem(told: Record<string, unknown>, response: Response): Problem {
  const { type, errors, instance, title: _title, status: _status, detail: _detail, ...more } = told ?? {};
  const kind = typeof type === "string" ? (type.split(":").pop() ?? "unknown") : "unknown";
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  return new Problem(
    kind,
    response.status,
    Array.isArray(errors) ? (errors as FieldFault[]) : [],
    retryAfter,
    typeof instance === "string" ? instance : null,
    more,
  );
}

/** Nothing came back: offline, or the server is away. */
export function unreachable(): Problem {
  return new Problem("unreachable", 0);
}
