import { useLayoutEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { returnTo } from "./return_to";

/**
 * What the address's fragment tells this page, as a mailed token: read once and removed from the address at once, so
 * that it stays in no history. Where to return to is kept beside the address instead.
 */
export function useFragment(): URLSearchParams {
  const here = useLocation();
  const navigate = useNavigate();
  const [told, setTold] = useState(() => new URLSearchParams(here.hash.slice(1)));
  useLayoutEffect(() => {
    if (!here.hash) return;
    setTold(new URLSearchParams(here.hash.slice(1)));
    const { pathname, search } = here;
    void navigate(
      { pathname, search },
      { replace: true, state: { ...here.state, returnTo: returnTo(here) }, preventScrollReset: true },
    );
  }, [here, navigate]);
  return told;
}
