/** Home: each role has its own, and its code is fetched for that role alone. */
import { useQuery } from "@tanstack/react-query";
import i18n from "i18next";
import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate } from "react-router";
import { useSession } from "@/session/session";
import { Message, Waiting } from "@/ui/states";
import { consentsQuery } from "./consents";
import { ErasureNotice } from "./erasure_notice";

async function patientHome() {
  const [home] = await Promise.all([
    import("@/pages/patient/home"),
    i18n.loadNamespaces(["patient", "room", "messages"]),
  ]);
  return home;
}

async function therapistHome() {
  const [home] = await Promise.all([
    import("@/pages/therapist/home"),
    i18n.loadNamespaces(["therapist", "room", "patient", "messages"]),
  ]);
  return home;
}

const HOMES = { PATIENT: patientHome, THERAPIST: therapistHome, ADMINISTRATOR: null };
const PatientHome = lazy(patientHome);
const TherapistHome = lazy(therapistHome);

export default function DashboardPage() {
  const { data: session } = useSession();
  const known = session?.user.role;
  useEffect(() => {
    // On its way while the agreements are asked for; what goes wrong is met where it is shown.
    if (known) HOMES[known]?.().catch(() => undefined);
  }, [known]);
  // Who has not agreed to the terms yet begins there; where that cannot be learnt, home is shown all the same.
  const { data: consents, isPending } = useQuery({
    ...consentsQuery,
    enabled: Boolean(session),
    retry: false,
  });
  if (!session || isPending) return <Waiting />;
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
      {role === "PATIENT" ? <PatientHome /> : <TherapistHome />}
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
