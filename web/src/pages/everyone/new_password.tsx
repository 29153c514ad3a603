import { useState } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "@/ui/classes";
import { PasswordField } from "@/ui/password_field";
import { LONGEST, SHORTEST, type Strength, strengthOf } from "./password_strength";

const BARS: Record<Strength, number> = { short: 1, weak: 2, fair: 3, strong: 4 };

interface Props {
  label: string;
  name: string;
  fault?: string;
  /** What others know of its owner. */
  own?: () => string[];
}

/** A password to come: its rules stand before it, and how well it protects below it. */
export function NewPassword({ label, name, fault, own }: Props) {
  const { t } = useTranslation("everyone");
  const [strength, setStrength] = useState<Strength | null>(null);
  const look = (written: string) => setStrength(written ? strengthOf(written, own?.()) : null);
  return (
    <div className="grid gap-2">
      <PasswordField
        label={label}
        hint={t("password.rules")}
        name={name}
        autoComplete="new-password"
        fault={fault}
        onChange={(event) => look(event.target.value)}
      />
      <div className="flex min-h-6 items-center gap-3 text-sm" aria-live="polite">
        {strength && (
          <>
            <span className="flex w-28 gap-1" aria-hidden>
              {[1, 2, 3, 4].map((bar) => (
                <span
                  key={bar}
                  className={classes(
                    "h-1.5 flex-1 rounded-full",
                    bar > BARS[strength] ? "bg-line" : BARS[strength] > 2 ? "bg-leaf" : "bg-sun",
                  )}
                />
              ))}
            </span>
            <span className="sr-only">{t("password.strength")}: </span>
            {t(`password.strengths.${strength}`)}
          </>
        )}
      </div>
    </div>
  );
}

/** What is wrong with a new password before anybody else looks at it. */
export function usePasswordFault(): (password: string) => string | undefined {
  const { t } = useTranslation("everyone");
  return (password) => {
    const length = [...password].length;
    if (length < SHORTEST) return t("password.short");
    return length > LONGEST ? t("password.long") : undefined;
  };
}
