/** Whose lines are shown to the person who is signed in. */
import { useProfile } from "@/session/profile";
import { useSession } from "@/session/session";
import { type CrisisResource, likelyCountry, linesOf } from "./lines";

type Lines = readonly Partial<CrisisResource>[];

/** The country of a patient's profile: null where they named none, undefined where that is not known here. */
export function useOwnCountry(): string | null | undefined {
  const { data: session } = useSession();
  const { data: profile } = useProfile(session?.user.role === "PATIENT");
  return profile && "country" in profile ? profile.country : undefined;
}

/** What the server told, which goes by the profile alone: where that names no country, what the browser lets us suppose. */
export function useHelpLines(told: Lines): Lines {
  return useOwnCountry() === null ? linesOf(likelyCountry(null, navigator.languages)) : told;
}
