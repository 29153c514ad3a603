import i18n from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Tick } from "@/ui/field";
import { AgreementText } from "./agreement_text";

/** The terms, to read and to agree to. */
export function AgreeToTerms({ fault }: { fault?: string }) {
  const { t } = useTranslation("everyone");
  const [open, setOpen] = useState(false);
  const read = async () => {
    await i18n.loadNamespaces("agreements");
    setOpen(true);
  };
  return (
    <div className="grid justify-items-start gap-1">
      <Tick name="terms" label={t("signUp.terms")} fault={fault} />
      <Button look="link" size="text" className="ml-8 min-h-9 text-sm" onClick={() => void read()}>
        {t("signUp.readTerms")}
      </Button>
      {open && (
        <Dialog title={t("signUp.readTerms")} onClose={() => setOpen(false)}>
          <AgreementText kind="terms" />
        </Dialog>
      )}
    </div>
  );
}
