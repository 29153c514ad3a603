/** Passkeys: between the contract's base64url and what the browser's own calls take and give. */
import type { Shape } from "@/api/client";

/** Whether this browser can use passkeys at all. */
export function canUsePasskeys(): boolean {
  return typeof PublicKeyCredential !== "undefined" && Boolean(navigator.credentials);
}

/** The person closed the browser's question, or let it run out; or this device has no passkey that fits. */
export class PasskeyDeclined extends Error {
  override name = "PasskeyDeclined";
}

/** Have the browser make a passkey. Throws PasskeyDeclined. */
export async function makePasskey(asked: Shape<"CreationOptions">): Promise<Shape<"NewCredential">> {
  const made = await declinable(
    navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        rp: { name: "Bloom Health", ...asked.rp },
        user: { ...asked.user, id: bytes(asked.user.id) },
        pubKeyCredParams: (asked.pubKeyCredParams ?? []).map(({ alg }) => ({ alg, type: "public-key" })),
        excludeCredentials: asked.excludeCredentials.map(descriptor),
      },
    }),
  );
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    ...identity(made),
    response: {
      attestationObject: base64url(response.attestationObject),
      clientDataJSON: base64url(response.clientDataJSON),
      transports: response.getTransports?.() ?? [],
    },
  };
}

/** Have the browser prove a passkey. Throws PasskeyDeclined. */
export async function provePasskey(
  asked: Shape<"RequestOptions"> | Shape<"SignInOptions">,
): Promise<Shape<"UsedCredential">> {
  const used = await declinable(
    navigator.credentials.get({
      publicKey: {
        challenge: bytes(asked.challenge),
        rpId: asked.rpId,
        timeout: asked.timeout,
        userVerification: asked.userVerification,
        allowCredentials: asked.allowCredentials?.map(descriptor),
      },
    }),
  );
  const response = used.response as AuthenticatorAssertionResponse;
  return {
    ...identity(used),
    response: {
      authenticatorData: base64url(response.authenticatorData),
      clientDataJSON: base64url(response.clientDataJSON),
      signature: base64url(response.signature),
      userHandle: response.userHandle ? base64url(response.userHandle) : null,
    },
  };
}

/** Bytes as base64url without padding (RFC 4648, 5). */
export function base64url(buffer: ArrayBuffer): string {
  const text = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** And back. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );
}

function descriptor({ id, transports }: Shape<"KnownPasskey">): PublicKeyCredentialDescriptor {
  return { type: "public-key", id: bytes(id), transports: transports as AuthenticatorTransport[] };
}

function identity({ id, rawId }: PublicKeyCredential) {
  return { id, rawId: base64url(rawId), type: "public-key" as const };
}

async function declinable(asked: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const given = await asked;
    if (given) return given as PublicKeyCredential;
  } catch (reason) {
    if (!(reason instanceof DOMException)) throw reason;
    // A device that has one of the account's passkeys already says so; anything else is a no of one kind or another.
    throw new PasskeyDeclined(reason.name);
  }
  throw new PasskeyDeclined("NotAllowedError");
}
