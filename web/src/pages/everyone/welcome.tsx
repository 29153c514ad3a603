/** What Bloom is, for who does not know it yet. */
import { HeartHandshake, Lock, MessageCircle, Video } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link, Navigate } from "react-router";
import { HOME } from "@/session/guard";
import { lastUse } from "@/session/last_use";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { useTitle } from "@/ui/page";
import { Waiting } from "@/ui/states";
import { Garden } from "./garden";

const POINTS = [
  ["therapist", HeartHandshake],
  ["session", Video],
  ["messages", MessageCircle],
  ["private", Lock],
] as const;

export default function WelcomePage() {
  const { t } = useTranslation("everyone");
  const { data: session, isPending } = useSession();
  useTitle(t("welcome.title"));
  // Whoever comes back to an open session is led on without a glimpse of what is for newcomers.
  if (isPending && lastUse()) return <Waiting />;
  if (session) return <Navigate to={HOME} replace />;
  return (
    <div className="mx-auto grid max-w-5xl gap-12 sm:gap-16">
      <div className="grid items-center gap-6 md:grid-cols-[1.1fr_1fr] md:gap-10 md:pt-6">
        <div className="grid gap-5">
          <h1 tabIndex={-1} className="text-4xl leading-tight font-extrabold outline-none sm:text-5xl">
            {t("welcome.title")}
          </h1>
          <p className="max-w-prose text-lg text-ink-soft">{t("welcome.lead")}</p>
          <div className="flex flex-wrap gap-3 pt-1">
            <Button asChild className="px-6">
              <Link to="/sign-up">{t("welcome.start")}</Link>
            </Button>
            <Button asChild look="plain">
              <Link to="/sign-in">{t("welcome.signIn")}</Link>
            </Button>
          </div>
        </div>
        <Garden title={t("welcome.picture")} className="mx-auto w-full max-w-md" />
      </div>
      <section aria-labelledby="points" className="grid gap-5">
        <h2 id="points" className="sr-only">
          {t("welcome.pointsTitle")}
        </h2>
        <ul className="grid gap-x-10 gap-y-8 sm:grid-cols-2">
          {POINTS.map(([name, Icon]) => (
            <li key={name} className="flex gap-4">
              <span className="grid size-11 shrink-0 place-items-center rounded-full bg-leaf-soft">
                <Icon className="size-5 text-leaf" aria-hidden />
              </span>
              <div className="grid gap-1">
                <h3 className="text-lg">{t(`welcome.points.${name}.title`)}</h3>
                <p className="text-ink-soft">{t(`welcome.points.${name}.text`)}</p>
              </div>
            </li>
          ))}
        </ul>
      </section>
      <section className="flex flex-wrap items-center justify-between gap-4 rounded-card bg-raised p-5 sm:p-7">
        <div className="grid max-w-prose gap-1">
          <h2>{t("welcome.therapists.title")}</h2>
          <p className="text-ink-soft">{t("welcome.therapists.text")}</p>
        </div>
        <Button asChild look="plain">
          <Link to="/sign-up?as=therapist">{t("welcome.therapists.start")}</Link>
        </Button>
      </section>
      <p className="max-w-prose text-ink-soft">{t("welcome.urgent")}</p>
    </div>
  );
}
