// @vitest-environment jsdom
import { expect, it } from "vitest";
import { ownPath, returnTo } from "./return_to";

const ours = "https://bloom.example";

it("takes pages of ours alone", () => {
  expect(ownPath("/messages/7?at=3", ours)).toBe("/messages/7?at=3");
  for (const others of [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "messages",
    "/sign-in",
    "/sign-in/two-factor",
    "/api/auth/oauth/google",
    "",
    null,
  ])
    expect(ownPath(others, ours), String(others)).toBeNull();
});

it("is told by the fragment, or kept since", () => {
  const here = { pathname: "/sign-in", search: "", key: "", state: null, hash: "#returnTo=%2Fmessages" };
  expect(returnTo({ ...here, unstable_mask: undefined } as never)).toBe("/messages");
  expect(returnTo({ ...here, hash: "", state: { returnTo: "/appointments" } } as never)).toBe(
    "/appointments",
  );
  expect(returnTo({ ...here, hash: "" } as never)).toBeNull();
});
