/** Which pages are whose: leads to the sign-in page, or home, whoever has no business here. */
import { Navigate, Outlet, useLocation } from "react-router";
import { PageProblem, Waiting } from "@/ui/states";
import { returnTo } from "./return_to";
import { howItEnded, type Role, useSession } from "./session";

/** A page for these roles; `signed-out` for who has no session, `anyone` for all. */
export type Allowed = "anyone" | "signed-out" | "signed-in" | readonly Role[];

/** Where each role begins. */
export const HOME = "/dashboard";

/** Show the page to whom it is for. */
export function Guard({ allow }: { allow: Allowed }) {
  const { data: session, isPending, error, refetch } = useSession();
  const here = useLocation();
  if (allow === "anyone") return <Outlet />;
  if (isPending) return <Waiting />;
  if (error && session === undefined) return <PageProblem error={error} retry={refetch} />;
  if (allow === "signed-out")
    return session && !session.secondFactorOwed ? (
      <Navigate to={returnTo(here) ?? HOME} replace />
    ) : (
      <Outlet />
    );
  if (!session) {
    // Whoever comes next at this device is not led to where the last person was.
    if (howItEnded.get() === "on-purpose") return <Navigate to="/sign-in" replace />;
    const wanted = here.pathname + here.search;
    return <Navigate to={`/sign-in#returnTo=${encodeURIComponent(wanted)}`} replace />;
  }
  if (session.secondFactorOwed && here.pathname !== "/settings/security")
    return <Navigate to="/settings/security" replace />;
  if (allow !== "signed-in" && !allow.includes(session.user.role)) return <Navigate to={HOME} replace />;
  return <Outlet />;
}
