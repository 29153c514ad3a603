/** An administrator who looks on as somebody, read-only: the header that says so, the bar that shows it, the way out. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call, onProblem, onRequest } from "@/api/client";
import { queryClient } from "@/api/queries";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import type { Session } from "./session";

/** Holds the id of the look, for this tab alone; the proof is a cookie that no script can read. */
const STORED = "bloom.lookingOn";

onRequest((request) => {
  if (sessionStorage.getItem(STORED)) request.headers.set("X-Session", "impersonation");
});

onProblem((problem) => {
  // The look has ended by itself, or by somebody else: this tab is the administrator's own again.
  if (problem.status !== 401 || !sessionStorage.getItem(STORED)) return;
  sessionStorage.removeItem(STORED);
  location.assign("/admin/users");
});

/** From here on this tab asks as the person who is looked at. */
export function beginLooking(impersonationId: string): void {
  sessionStorage.setItem(STORED, impersonationId);
  queryClient.clear();
  location.assign("/dashboard");
}

async function endLooking(): Promise<void> {
  const id = sessionStorage.getItem(STORED);
  sessionStorage.removeItem(STORED);
  if (id) await call(api.DELETE("/api/admin/impersonations/{id}", { params: { path: { id } } }));
}

/** Says in whose account one looks on, until when, and ends it. */
export function LookingOn({ session }: { session: Session }) {
  const { t } = useTranslation("common");
  const end = useMutation({
    mutationFn: endLooking,
    onSettled: () => {
      queryClient.clear();
      location.assign("/admin/users");
    },
  });
  return (
    <div
      role="status"
      className="flex flex-wrap items-center justify-between gap-3 rounded-control bg-sun-soft px-4 py-3 text-ink"
    >
      <p>{t("looking.on", { name: session.user.name, time: inWords(session.absoluteExpiresAt, "time") })}</p>
      <Button look="plain" size="small" busy={end.isPending} onClick={() => end.mutate()}>
        {t("looking.end")}
      </Button>
    </div>
  );
}
