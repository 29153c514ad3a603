import { cva, type VariantProps } from "class-variance-authority";
import { LoaderCircle } from "lucide-react";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes";

const looks = cva(
  "inline-flex items-center justify-center gap-2 rounded-control font-semibold transition-colors duration-150 ease-calm disabled:opacity-60 aria-disabled:opacity-60 [&_svg]:size-[1.15em] [&_svg]:shrink-0 text-center",
  {
    variants: {
      look: {
        main: "bg-leaf text-on-leaf hover:bg-leaf-strong",
        plain: "border border-line-strong bg-surface text-ink hover:bg-raised",
        quiet: "text-ink hover:bg-raised",
        grave: "border border-petal bg-surface text-petal hover:bg-petal-soft",
        link: "text-leaf underline underline-offset-4 hover:text-leaf-strong",
      },
      size: {
        normal: "min-h-11 px-4 py-2",
        small: "min-h-9 px-3 py-1 text-sm",
        icon: "size-11",
        text: "p-0",
      },
    },
    defaultVariants: { look: "main", size: "normal" },
  },
);

export type ButtonLooks = VariantProps<typeof looks>;

interface Props extends ComponentProps<"button">, ButtonLooks {
  /** Something is under way: shown, and another press does nothing. */
  busy?: boolean;
  /** Give the looks to the only child, a link. */
  asChild?: boolean;
}

export function Button({
  look,
  size,
  busy = false,
  asChild = false,
  className,
  children,
  onClick,
  ...rest
}: Props) {
  const { t } = useTranslation("common");
  const all = classes(looks({ look, size }), className);
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
