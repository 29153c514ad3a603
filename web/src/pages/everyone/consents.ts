/** What somebody agreed to, as the server keeps it. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call, type Shape } from "@/api/client";

export const consentsQuery = queryOptions({
  queryKey: ["consents"],
  queryFn: () => call(api.GET("/api/user/consents")),
  staleTime: 5 * 60_000,
});

/** Agree, or withdraw: each on its own. */
export function useDecisions() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Shape<"Decisions">) => call(api.PUT("/api/user/consents", { body })),
    onSuccess: (consents) => client.setQueryData(consentsQuery.queryKey, consents),
  });
}
