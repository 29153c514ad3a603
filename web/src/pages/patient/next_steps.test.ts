import { describe, expect, it } from "vitest";
import { nextSteps } from "./next_steps";
import type { Care } from "./queries";

const care = (id: string, status: string) => ({ status, therapist: { id, name: id } }) as unknown as Care;
const given = { terms: { given: true }, telehealth: { given: true } } as never;
const whole = { completeness: { complete: true, percent: 100, missing: [] } };
const kinds = (...so: Parameters<typeof nextSteps>) => nextSteps(...so).map(({ kind }) => kind);

describe("what is next", () => {
  it("is nothing while nothing is known", () => {
    expect(kinds({ consents: undefined, profile: undefined, care: undefined, coming: undefined })).toEqual(
      [],
    );
  });

  it("begins with agreeing, then the profile, then a therapist", () => {
    const consents = { terms: { given: true }, telehealth: { given: false } } as never;
    const profile = { completeness: { complete: false, percent: 40, missing: [] } };
    expect(kinds({ consents, profile, care: [], coming: [] })).toEqual([
      "consents",
      "profile",
      "findTherapist",
    ]);
  });

  it("is to wait for who was asked, whoever else declined", () => {
    const all = [care("b", "requested"), care("a", "declined")];
    expect(kinds({ consents: given, profile: whole, care: all, coming: [] })).toEqual(["asked"]);
  });

  it("tells the last refusal where nobody else was asked, and not one that a later request took back", () => {
    const all = [care("a", "ended"), care("b", "declined"), care("a", "declined")];
    expect(nextSteps({ consents: given, profile: whole, care: all, coming: [] })).toEqual([
      { kind: "declined", care: all[1] },
    ]);
  });

  it("is to book with each therapist with whom nothing lies ahead", () => {
    const all = [care("a", "accepted"), care("b", "accepted")];
    const coming = [
      { status: "booked" as const, therapist: { userId: "a", name: "a" } },
      { status: "cancelled" as const, therapist: { userId: "b", name: "b" } },
    ];
    expect(nextSteps({ consents: given, profile: whole, care: all, coming })).toEqual([
      { kind: "book", care: all[1] },
    ]);
  });
});
