/** Said where somebody comes in whose account is to be erased: coming back alone does not keep it. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { inWords } from "@/i18n/times";
import { Message } from "@/ui/states";
import { erasureQuery } from "./erasure";

export function ErasureNotice() {
  const { t } = useTranslation("everyone");
  const { data } = useQuery({ ...erasureQuery, retry: false });
  if (!data || data.status === "none") return null;
  return (
    <Message tone="warm">
      {data.dueAt
        ? t("dashboard.erasure", { date: inWords(data.dueAt, "date") })
        : t("dashboard.erasureHeld")}{" "}
      <Link to="/settings/privacy" className="font-semibold underline underline-offset-4">
        {t("dashboard.erasureAction")}
      </Link>
    </Message>
  );
}
