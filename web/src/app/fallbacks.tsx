import { useEffect } from "react";
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
 * A page stopped by a mistake of ours; one whose code is gone after a release is fetched anew, once. `alone` where the
 * shell, with help at once in it, stopped too.
 */
export function BrokenPage({ alone = false }: { alone?: boolean }) {
  const { t } = useTranslation("common");
  const error = useRouteError();
  useEffect(() => {
    const stale =
      error instanceof TypeError && /dynamically imported module|Importing a module/.test(error.message);
    if (stale && navigator.onLine && !sessionStorage.getItem(RELOADED)) {
      sessionStorage.setItem(RELOADED, "1");
      location.reload();
    }
  }, [error]);
  return (
    <main className="p-6">
      <Page title={t("broken.title")} lead={t("broken.lead")} width="narrow">
        <p className="flex flex-wrap gap-2">
          <Button onClick={() => location.reload()}>{t("broken.reload")}</Button>
          {alone && <CrisisHelpButton />}
        </p>
      </Page>
    </main>
  );
}
