/** One step in a care relationship: accept, decline with a reason, end. */
import { useMutation } from "@tanstack/react-query";
import { api, call, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { queryClient } from "@/api/queries";

export type Care = Shape<"ShownCare">;
export type DeclineReason = Shape<"DeclineReason">;

/** What each step changes is asked for anew; also where somebody else was quicker, so that the list is right again. */
function lookAgain() {
  for (const key of ["care-relationships", "appointments", "conversations", "waitlist"])
    void queryClient.invalidateQueries({ queryKey: [key] });
}

export function useCareStep(care: Care) {
  return useMutation({
    mutationFn: (body: Shape<"CareChange">) =>
      call(api.PATCH("/api/care-relationships/{id}", { params: { path: { id: care.id } }, body })),
    onSuccess: lookAgain,
    onError: (reason) => {
      if (reason instanceof Problem && reason.kind === "care-stands-elsewhere") lookAgain();
    },
  });
}
