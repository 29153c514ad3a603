/** The profile of whoever is signed in. */
import { useQuery } from "@tanstack/react-query";
import { api, call, type Shape } from "@/api/client";

export type AnyProfile = Shape<"ShownPatient"> | Shape<"ShownTherapist"> | Shape<"ShownAdministrator">;

export function useProfile() {
  return useQuery({
    queryKey: ["profile"],
    queryFn: (): Promise<AnyProfile> => call(api.GET("/api/user/profile")),
  });
}

export function isPatient(profile: AnyProfile): profile is Shape<"ShownPatient"> {
  return profile.role === "PATIENT";
}

export function isTherapist(profile: AnyProfile): profile is Shape<"ShownTherapist"> {
  return profile.role === "THERAPIST";
}
