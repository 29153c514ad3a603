import { LoaderCircle } from "lucide-react";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes";

export interface ButtonLooks {
  look?: "main" | "plain" | "quiet" | "grave" | "link";
  size?: "normal" | "small" | "icon" | "text";
}

interface Props extends ComponentProps<"button">, ButtonLooks {
  /** Something is under way: shown, and another press does nothing. */
  busy?: boolean;
  /** Give the looks to the only child, a link. */
  asChild?: boolean;
}

export function Button({
  look = "main",
  size = "normal",
  busy = false,
  asChild = false,
  className,
  children,
  onClick,
  ...rest
}: Props) {
  const { t } = useTranslation("common");
  const all = classes("button", `button-${look}`, `button-${size}`, className);
  if (asChild) {
    return (
      <Slot.Root className={all} {...rest}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button
      type="button"
      className={all}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy && <LoaderCircle className="animate-spin" aria-hidden />}
      {children}
      {busy && <span className="sr-only">{t("busy")}</span>}
    </button>
  );
}
