/** What stands around every page: the name, the menu, help at once, the account. */
import { Menu as MenuIcon } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, ScrollRestoration, useLocation, useNavigation } from "react-router";
import { CrisisHelpButton } from "@/crisis/crisis_help";
import { lastWord } from "@/session/last_word";
import { LookingOn } from "@/session/looking_on";
import { useRemembered } from "@/session/remembered";
import { useSession } from "@/session/session";
import { SessionEnding } from "@/session/session_ending";
import { SignOut } from "@/session/sign_out";
import { signOutOwed } from "@/session/sign_out_owed";
import { StepUpProvider } from "@/session/step_up";
import { Button } from "@/ui/button";
import { classes } from "@/ui/classes";
import { Dialog } from "@/ui/dialog";
import { Message } from "@/ui/states";
import { ToastProvider } from "@/ui/toast";
import { LanguageChoice, ThemeChoice } from "./choices";
import { useMenuCount } from "./menu_counts";
import { MENUS, type MenuEntry } from "./navigation";
import { NewVersionNotice } from "./new_version_notice";
import { useOnline } from "./online";

const LiveShell = lazy(() => import("@/realtime/live_shell"));

export function Shell() {
  const { t } = useTranslation("common");
  const { data: session } = useSession();
  const online = useOnline();
  const owed = useRemembered(signOutOwed);
  const last = useRemembered(lastWord);
  useFocusOnNavigation();
  const menu = session ? MENUS[session.user.role] : [];
  return (
    <ToastProvider label={t("notices")}>
      <StepUpProvider>
        <a
          href="#content"
          className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-control focus:bg-surface focus:px-4 focus:py-2"
        >
          {t("skip")}
        </a>
        <div className="flex min-h-dvh flex-col">
          <TopBar signedIn={Boolean(session)} name={session?.user.name} menu={menu} />
          <div className="mx-auto flex w-full max-w-[96rem] flex-1">
            {session && <SideMenu entries={menu} />}
            <main
              id="content"
              tabIndex={-1}
              className="min-w-0 flex-1 px-4 pt-5 pb-24 outline-none sm:px-8 sm:pt-8 lg:pb-10"
            >
              <div className="mx-auto mb-4 grid max-w-4xl gap-2 empty:hidden">
                {session?.impersonated && <LookingOn session={session} />}
                {!session && owed && <Message tone="warm">{t("signOutOwed")}</Message>}
                {!online && <Message tone="warm">{t(session ? "offline" : "offlineSignedOut")}</Message>}
                <NewVersionNotice />
              </div>
              <Outlet />
            </main>
          </div>
          {session && <BottomMenu entries={menu} />}
        </div>
        {session && <SessionEnding session={session} />}
        {last}
        {session && session.user.role !== "ADMINISTRATOR" && !session.impersonated && (
          <Suspense>
            <LiveShell key={session.user.id} session={session} />
          </Suspense>
        )}
        <ScrollRestoration />
      </StepUpProvider>
    </ToastProvider>
  );
}

function TopBar({ signedIn, name, menu }: { signedIn: boolean; name?: string; menu: readonly MenuEntry[] }) {
  const { t } = useTranslation("common");
  const [open, setOpen] = useState(false);
  const moving = useNavigation().state !== "idle";
  return (
    <header className="sticky top-0 z-30 border-b bg-surface/95 backdrop-blur">
      <div className="mx-auto flex max-w-[96rem] items-center gap-2 px-3 py-2 sm:px-6">
        <Link
          to={signedIn ? "/dashboard" : "/"}
          className="flex items-center gap-2 rounded-control p-1 text-lg font-extrabold text-ink"
        >
          <img src="/icon.svg" alt="" width="32" height="32" className="size-8" />
          <span className={signedIn ? "max-[22rem]:sr-only" : "max-[27rem]:sr-only"}>{t("product")}</span>
        </Link>
        <div className="ml-auto flex items-center gap-1 sm:gap-2">
          <CrisisHelpButton />
          {signedIn ? (
            <Button
              look="quiet"
              size="icon"
              className="sm:w-auto sm:px-3"
              onClick={() => setOpen(true)}
              aria-haspopup="dialog"
            >
              <MenuIcon aria-hidden />
              <span className="sr-only sm:not-sr-only">{name ?? t("menu")}</span>
            </Button>
          ) : (
            <Button asChild look="plain" size="small">
              <Link to="/sign-in">{t("signIn")}</Link>
            </Button>
          )}
        </div>
      </div>
      <div
        aria-hidden
        className={classes(
          "h-0.5 bg-leaf transition-opacity",
          moving ? "animate-pulse opacity-100" : "opacity-0",
        )}
      />
      {open && signedIn && (
        <Dialog title={t("menu")} onClose={() => setOpen(false)}>
          <div className="grid gap-5">
            <nav aria-label={t("menu")}>
              <ul className="grid gap-1 sm:grid-cols-2">
                {[
                  ...menu.map(({ to, name }) => ({ to, words: t(`nav.${name}`) })),
                  { to: "/settings", words: t("nav.settings") },
                ].map(({ to, words }) => (
                  <li key={to}>
                    <Link
                      to={to}
                      onClick={() => setOpen(false)}
                      className="block rounded-control px-3 py-2.5 font-semibold hover:bg-raised"
                    >
                      {words}
                    </Link>
                  </li>
                ))}
              </ul>
            </nav>
            <div className="grid gap-4 sm:grid-cols-2">
              <LanguageChoice />
              <ThemeChoice />
            </div>
            <SignOut look="plain" onLeave={() => setOpen(false)} />
          </div>
        </Dialog>
      )}
    </header>
  );
}

function SideMenu({ entries }: { entries: readonly MenuEntry[] }) {
  const { t } = useTranslation("common");
  return (
    <nav
      aria-label={t("menu")}
      className="sticky top-16 hidden h-[calc(100dvh-4rem)] w-56 shrink-0 overflow-y-auto p-4 lg:block"
    >
      <ul className="grid gap-1">
        {entries.map(({ to, name, icon: Icon }) => (
          <li key={to}>
            <NavLink
              to={to}
              end={to === "/admin"}
              className={({ isActive }) =>
                classes(
                  "flex items-center gap-3 rounded-control px-3 py-2.5 font-semibold",
                  isActive ? "bg-leaf-soft" : "hover:bg-raised",
                )
              }
            >
              <Icon className="size-5 shrink-0" aria-hidden />
              {t(`nav.${name}`)}
              <MenuCount name={name} className="ml-auto text-sm" />
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How many wait there, where any do. */
function MenuCount({ name, className }: { name: string; className: string }) {
  const { t } = useTranslation("common");
  const count = useMenuCount(name);
  if (!count) return null;
  return (
    <span className={classes("rounded-full bg-leaf px-1.5 font-bold text-on-leaf", className)}>
      <span aria-hidden>{count > 99 ? "99+" : count}</span>
      <span className="sr-only">{t("waitingThere", { count })}</span>
    </span>
  );
}

function BottomMenu({ entries }: { entries: readonly MenuEntry[] }) {
  const { t } = useTranslation("common");
  return (
    <nav
      aria-label={t("menu")}
      className="fixed inset-x-0 bottom-0 z-30 border-t bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden"
    >
      <ul className="mx-auto flex max-w-xl">
        {entries.slice(0, 4).map(({ to, name, icon: Icon }) => (
          <li key={to} className="min-w-0 flex-1">
            <NavLink
              to={to}
              end={to === "/admin"}
              className={({ isActive }) =>
                classes(
                  "relative grid min-h-14 justify-items-center gap-0.5 px-1 py-2 text-xs font-semibold",
                  isActive ? "text-leaf underline underline-offset-4" : "text-ink-soft",
                )
              }
            >
              <Icon className="size-5" aria-hidden />
              <span className="max-w-full truncate">{t(`nav.${name}`)}</span>
              <MenuCount name={name} className="absolute top-1 left-1/2 ml-2 text-xs" />
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** After a move to another page its title takes the focus, so that a screen reader begins there. */
function useFocusOnNavigation() {
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    const title = document.querySelector<HTMLElement>("#content h1");
    (title ?? document.getElementById("content"))?.focus({ preventScroll: true });
  }, [pathname]);
}
