/** When a session ends, by this device's clock: pure calculation. */

/** A warning comes this long before the end, in milliseconds. */
export const WARNED_MS = 120_000;
/** The server tells its times to the second, so two that should be the same may differ by so much. */
const ROUNDING_MS = 1_500;

export interface Known {
  /** As the server told it, to which even its own question was use: when the session ends if it is not used again, and when it ends at all. */
  expiresAt: string;
  absoluteExpiresAt: string;
  /** When that was told, when the session was last used, in milliseconds by this device's clock. */
  toldAt: number;
  lastUse: number;
  /** How far the server's clock is ahead of it. */
  serverAhead: number;
}

export interface End {
  at: number;
  /** Whether using it more moves the end. */
  movable: boolean;
  /** How long it may go unused, in milliseconds; at least this long where its end at all was nearer. */
  idle: number;
}

/** Each use moves the end on, up to the day on which it ends at all. */
export function endOf({ expiresAt, absoluteExpiresAt, toldAt, lastUse, serverAhead }: Known): End {
  const absolute = Date.parse(absoluteExpiresAt) - serverAhead;
  const told = Date.parse(expiresAt) - serverAhead;
  const idle = Math.max(0, told - toldAt);
  if (told >= absolute - ROUNDING_MS) return { at: absolute, movable: false, idle };
  const unused = (lastUse || toldAt) + idle;
  return { at: Math.min(absolute, unused), movable: unused < absolute - ROUNDING_MS, idle };
}

/** The seconds at which the time left is read out: sparingly, so that it disturbs nobody. */
const READ_OUT = [120, 60, 30, 10];

/** What was last to be read out, when so many seconds are left. */
export function readOut(seconds: number): number {
  return READ_OUT.findLast((mark) => seconds <= mark) ?? Math.max(...READ_OUT);
}
