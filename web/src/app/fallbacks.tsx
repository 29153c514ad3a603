import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useRouteError } from "react-router";
import { CrisisHelpButton } from "@/crisis/crisis_help";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";

/** No page has this address. */
export default function NotFoundPage() {
  const { t } = useTranslation("common");
  return (
    <Page title={t("notFound.title")} lead={t("notFound.lead")} width="narrow">
      <p>
        <Button asChild>
          <Link to="/">{t("notFound.home")}</Link>
        </Button>
      </p>
    </Page>
  );
}

export { NotFoundPage };

const RELOADED = "bloom.reloaded";

/**
 * A page stopped by a mistake of ours, or its code could not be fetched: what is gone after a release is fetched
 * anew, once, unless a dialog is open, help for one; what a connection is missing for is said to be so. `alone` where
 * the shell, with help at once in it, stopped too.
 */
export function BrokenPage({ alone = false }: { alone?: boolean }) {
  const { t } = useTranslation("common");
  const error = useRouteError();
  const Around = alone ? "main" : "div";
  const unfetched =
    error instanceof TypeError && /dynamically imported module|Importing a module/.test(error.message);
  const [offline] = useState(unfetched && !navigator.onLine);
  const about = offline ? "brokenOffline" : "broken";
  useEffect(() => {
    const isBusy = document.querySelector("dialog[open]") !== null;
    if (unfetched && navigator.onLine && !isBusy && !sessionStorage.getItem(RELOADED)) {
      sessionStorage.setItem(RELOADED, "1");
      location.reload();
    }
  }, [unfetched]);
  return (
    <Around className={alone ? "p-6" : undefined}>
      <Page title={t(`${about}.title`)} lead={t(`${about}.lead`)} width="narrow">
        <p className="flex flex-wrap gap-2">
          <Button onClick={() => location.reload()}>{t(`${about}.reload`)}</Button>
          {alone && <CrisisHelpButton />}
        </p>
      </Page>
    </Around>
  );
}
