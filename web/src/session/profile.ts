/** The signed-in person's own profile, read once for all who need a part of it. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, call } from "@/api/client";

/** Where the profile is kept; whoever changes it makes it old. */
export const PROFILE = ["profile"] as const;

export const profileQuery = queryOptions({
  queryKey: PROFILE,
  queryFn: () => call(api.GET("/api/user/profile")),
  staleTime: 60_000,
});

/** The profile of whoever is signed in; not asked for while nobody is. */
export function useProfile(signedIn = true) {
  return useQuery({ ...profileQuery, enabled: signedIn });
}
