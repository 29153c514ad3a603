/** Whether the account waits to be erased. */
import { queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";

export const erasureQuery = queryOptions({
  queryKey: ["erasure"],
  queryFn: () => call(api.GET("/api/user/erasure")),
});
