/** Home: each role has its own, and its code is fetched for that role alone. */
import { useQuery } from "@tanstack/react-query";
import i18n from "i18next";
import { type ComponentType, lazy, Suspense, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate } from "react-router";
import { queryClient } from "@/api/queries";
import { HOMES, type PageModule } from "@/app/pages";
import { knownSession, type Role, useSession } from "@/session/session";
import { Message, Waiting } from "@/ui/states";
import { consentsQuery } from "./consents";
import { erasureQuery } from "./erasure";
import { ErasureNotice } from "./erasure_notice";

/** The homes that have come. */
const fetched = new Map<Role, PageModule>();

async function fetchHome(role: Role): Promise<PageModule | undefined> {
  const entry = HOMES.find(({ allow }) => allow.includes(role));
  if (!entry) return undefined;
  const [home] = await Promise.all([entry.load(), i18n.loadNamespaces(entry.words)]);
  fetched.set(role, home);
  return home;
}

/** What home asks for first, and its code. */
export async function ask(): Promise<void> {
  const role = knownSession()?.user.role;
  if (!role) return;
  await Promise.all([
    queryClient.prefetchQuery(consentsQuery),
    queryClient.prefetchQuery(erasureQuery),
    fetchHome(role).then((home) => home?.ask?.()),
  ]);
}

function homeOf(role: Role): ComponentType {
  return fetched.get(role)?.default ?? lazy(async () => (await fetchHome(role)) ?? { default: () => null });
}

export default function DashboardPage() {
  const { data: session } = useSession();
  const known = session?.user.role;
  useEffect(() => {
    // On its way while the agreements are asked for; what goes wrong is met where it is shown.
    if (known) fetchHome(known).catch(() => undefined);
  }, [known]);
  const Home = useMemo(() => known && homeOf(known), [known]);
  // Who has not agreed to the terms yet begins there; where that cannot be learnt, home is shown all the same.
  const { data: consents, isPending } = useQuery({
    ...consentsQuery,
    enabled: Boolean(session),
    retry: false,
  });
  if (!session || !Home || isPending) return <Waiting />;
  const { role } = session.user;
  const asked = consents && !consents.terms.given && !session.impersonated;
  if (asked && role === "PATIENT") return <Navigate to="/getting-started" replace />;
  if (role === "ADMINISTRATOR") return <Navigate to="/admin" replace />;
  return (
    <Suspense fallback={<Waiting />}>
      <div className="mx-auto mb-6 grid max-w-7xl gap-3 empty:hidden">
        <ErasureNotice />
        {asked && <TermsAsked />}
      </div>
      <Home />
    </Suspense>
  );
}

/** Who cares for others is not kept from it by a form: a line says what is still to do. */
function TermsAsked() {
  const { t } = useTranslation("everyone");
  return (
    <Message tone="warm">
      {t("dashboard.terms")}{" "}
      <Link to="/getting-started" className="font-semibold underline underline-offset-4">
        {t("dashboard.termsAction")}
      </Link>
    </Message>
  );
}
