import { Copy, Download, Printer } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { useToast } from "@/ui/toast";

/** Ten codes, shown this once: to copy, to save, to print. */
export function BackupCodes({ codes, onKept }: { codes: string[]; onKept: () => void }) {
  const { t } = useTranslation("settings");
  const tell = useToast();
  const copy = async () => {
    await navigator.clipboard.writeText(codes.join("\n"));
    tell(t("security.twoFactor.copied"));
  };
  const save = () => {
    const text = `${t("security.twoFactor.fileHead")}\n\n${codes.join("\n")}\n`;
    const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = "bloom-backup-codes.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  return (
    <div className="grid gap-4">
      <h3>{t("security.twoFactor.codesTitle")}</h3>
      <p className="text-ink-soft">{t("security.twoFactor.codesText")}</p>
      <ul className="grid grid-cols-1 gap-x-6 gap-y-1 rounded-control bg-raised p-4 font-mono min-[22rem]:grid-cols-2">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2 print:hidden">
        <Button look="plain" onClick={() => void copy()}>
          <Copy aria-hidden />
          {t("security.twoFactor.copy")}
        </Button>
        <Button look="plain" onClick={save}>
          <Download aria-hidden />
          {t("security.twoFactor.download")}
        </Button>
        <Button look="plain" onClick={() => print()}>
          <Printer aria-hidden />
          {t("security.twoFactor.print")}
        </Button>
      </div>
      <p className="print:hidden">
        <Button onClick={onKept}>{t("security.twoFactor.kept")}</Button>
      </p>
    </div>
  );
}
