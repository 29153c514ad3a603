/** Places to turn to, with what a person can do right away: call, write, open the page. */
import { Globe, MessageSquare, Phone } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { apart, type CrisisResource, dialled } from "./lines";

interface Props {
  resources: readonly Partial<CrisisResource>[];
  /** The heading above them; none where one stands there already. */
  heading?: "h2" | "h3";
}

/** Help, as it is shown at once beside what somebody wrote. It says nothing of anybody being told. */
export function CrisisResources({ resources, heading: Heading = "h2" }: Props) {
  const { t } = useTranslation("common");
  return (
    <section className="grid gap-3 rounded-card border border-line bg-sun-soft p-4 text-ink sm:p-5">
      <Heading>{t("crisis.title")}</Heading>
      <p>{t("crisis.lead")}</p>
      <CrisisLines resources={resources} />
      <p className="text-sm">{t("crisis.notWatched")}</p>
    </section>
  );
}

/** The lines alone, the emergency number last. */
export function CrisisLines({ resources }: { resources: readonly Partial<CrisisResource>[] }) {
  const { t } = useTranslation("common");
  const { lines, emergency } = apart(resources);
  return (
    <>
      <ul className="grid gap-3">
        {lines.map((line) => (
          <li key={line.name} className="grid gap-2 rounded-control border border-line bg-surface p-3">
            <p className="font-bold">{line.name}</p>
            <div className="flex flex-wrap gap-2">
              {line.call && (
                <Button asChild>
                  <a href={dialled("tel", line.call)}>
                    <Phone aria-hidden />
                    {t("crisis.call", { number: line.call })}
                  </a>
                </Button>
              )}
              {line.text && (
                <Button asChild look="plain">
                  <a href={dialled("sms", line.text)}>
                    <MessageSquare aria-hidden />
                    {t("crisis.text", { number: line.text })}
                  </a>
                </Button>
              )}
              {line.url && (
                <Button asChild look="plain">
                  <a href={line.url} target="_blank" rel="noopener noreferrer">
                    <Globe aria-hidden />
                    {t("crisis.visit")}
                  </a>
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {emergency && (
        <p>
          <a
            href={dialled("tel", emergency)}
            className="inline-flex min-h-11 items-center font-bold text-petal underline underline-offset-4"
          >
            {t("crisis.emergency", { number: emergency })}
          </a>
        </p>
      )}
    </>
  );
}
