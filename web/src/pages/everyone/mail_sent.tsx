import { MailOpen } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Page } from "@/ui/page";
import { ResendLink } from "./resend_link";

interface Props {
  email: string;
  words: string;
  onOther: () => void;
  /** Has it sent once more; left out for the link that confirms an address. */
  again?: React.ReactNode;
}

/** What was asked for is in a mail. */
export function MailSent({ email, words, onOther, again }: Props) {
  const { t } = useTranslation("everyone");
  return (
    <Page title={t("mailSent.title")} width="narrow">
      <Card>
        <div className="grid gap-5">
          <p className="flex items-center gap-3 font-semibold break-all" role="status">
            <MailOpen className="size-6 shrink-0 text-leaf" aria-hidden />
            {email}
          </p>
          <p>{words}</p>
          <p className="text-ink-soft">{t("mailSent.nothing")}</p>
          <div className="flex flex-wrap items-start gap-3">
            {again ?? <ResendLink email={email} words={t("mailSent.again")} />}
            <Button look="quiet" onClick={onOther}>
              {t("mailSent.other")}
            </Button>
          </div>
        </div>
      </Card>
    </Page>
  );
}
