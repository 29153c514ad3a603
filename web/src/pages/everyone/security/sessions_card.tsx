import { useQuery } from "@tanstack/react-query";
import { Eye, Laptop, Smartphone } from "lucide-react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { fromNow, inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { deviceWords } from "../device_words";
import { type Step, useStep } from "./use_step";

const KEY = ["sessions"];
const HAND_HELD = /iPhone|iPad|Android/;

/** Where somebody is signed in, and who looks on. */
export function SessionsCard() {
  const { t } = useTranslation("settings");
  const { data, error, refetch } = useQuery({
    queryKey: KEY,
    queryFn: () => call(api.GET("/api/auth/sessions")),
  });
  const step = useStep(KEY);
  const endOthers = () =>
    step.run("others", () => call(api.DELETE("/api/auth/sessions")), t("security.sessions.othersEnded"));
  return (
    <Card title={t("security.sessions.title")}>
      <div className="grid gap-4">
        <p className="text-ink-soft">{t("security.sessions.text")}</p>
        {step.failure && <Message tone="problem">{step.failure}</Message>}
        {error && !data && <PageProblem error={error} retry={refetch} />}
        {!data && !error && <Waiting />}
        {data?.lookingOn.map((looking) => (
          <LookingOn key={looking.id} looking={looking} step={step} />
        ))}
        {data && (
          <ul className="divide-y divide-line border-y">
            {data.items.map((session) => (
              <SessionEntry key={session.id} session={session} step={step} />
            ))}
          </ul>
        )}
        {data && data.items.length > 1 && (
          <p>
            <Button look="plain" busy={step.busy === "others"} onClick={() => void endOthers()}>
              {t("security.sessions.endOthers")}
            </Button>
          </p>
        )}
      </div>
    </Card>
  );
}

function endOf(id: string) {
  return () => call(api.DELETE("/api/auth/sessions/{id}", { params: { path: { id } } }));
}

function SessionEntry({ session, step }: { session: Shape<"OpenSession">; step: Step }) {
  const { t } = useTranslation("settings");
  const device = deviceWords(session.device, t);
  const Icon = HAND_HELD.test(session.device) ? Smartphone : Laptop;
  const facts = [
    t("security.sessions.seen", { when: fromNow(session.lastSeenAt) }),
    t("security.sessions.began", { when: inWords(session.createdAt, "date") }),
    session.network && t("security.sessions.network", { network: session.network }),
  ].filter(Boolean);
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3">
      <div className="flex min-w-0 gap-3">
        <Icon className="mt-0.5 size-5 shrink-0 text-leaf" aria-hidden />
        <div className="grid min-w-0 gap-0.5">
          <p className="flex flex-wrap items-center gap-2 font-semibold">
            {device}
            {session.current && <Badge tone="good">{t("security.sessions.here")}</Badge>}
            {session.transport === "bearer" && <Badge>{t("security.sessions.app")}</Badge>}
          </p>
          <p className="text-sm text-ink-soft">{facts.join(" · ")}</p>
        </div>
      </div>
      {!session.current && (
        <Button
          look="quiet"
          aria-label={t("security.sessions.endNamed", { device })}
          busy={step.busy === session.id}
          onClick={() => void step.run(session.id, endOf(session.id), t("security.sessions.ended"))}
        >
          {t("security.sessions.end")}
        </Button>
      )}
    </li>
  );
}

function LookingOn({ looking, step }: { looking: Shape<"LookingOn">; step: Step }) {
  const { t } = useTranslation("settings");
  const { id, beganAt, expiresAt } = looking;
  return (
    <Message tone="warm">
      <div className="grid justify-items-start gap-3">
        <p className="flex items-center gap-2 font-semibold">
          <Eye className="size-5" aria-hidden />
          {t("security.sessions.lookingOn")}
        </p>
        <p>
          {t("security.sessions.lookingOnText", {
            since: inWords(beganAt, "time"),
            until: inWords(expiresAt, "time"),
          })}
        </p>
        <Button
          look="plain"
          busy={step.busy === id}
          onClick={() => void step.run(id, endOf(id), t("security.sessions.lookingOnEnded"))}
        >
          {t("security.sessions.lookingOnEnd")}
        </Button>
      </div>
    </Message>
  );
}
