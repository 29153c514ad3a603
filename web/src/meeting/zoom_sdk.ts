/**
 * Zoom's Meeting SDK, component view, as Zoom serves it: fetched when a meeting is held and at no other time.
 * https://developers.zoom.us/docs/meeting-sdk/web/component-view/
 */
const VERSION = "6.2.0";
const HOME = `https://source.zoom.us/${VERSION}`;
/** In the order in which they need each other. */
const SCRIPTS = [
  `${HOME}/lib/vendor/react.min.js`,
  `${HOME}/lib/vendor/react-dom.min.js`,
  `${HOME}/lib/vendor/redux.min.js`,
  `${HOME}/lib/vendor/redux-thunk.min.js`,
  `${HOME}/lib/vendor/lodash.min.js`,
  `${HOME}/zoom-meeting-embedded-${VERSION}.min.js`,
];

/** The part of the SDK's client that is used here. */
export interface ZoomClient {
  init(options: {
    zoomAppRoot: HTMLElement;
    language: string;
    patchJsMedia: boolean;
    leaveOnPageUnload: boolean;
  }): Promise<unknown>;
  join(options: {
    signature: string;
    sdkKey: string;
    meetingNumber: string;
    userName: string;
    password: string;
    customerKey: string;
    tk?: string;
    zak?: string;
  }): Promise<unknown>;
  on(event: "connection-change", hear: (change: { state: string }) => void): void;
}

declare global {
  interface Window {
    ZoomMtgEmbedded?: { createClient(): ZoomClient };
  }
}

/** The SDK's client. Throws where it does not come, or not in time (milliseconds). */
export async function zoomClient(withinMs: number): Promise<ZoomClient> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("the SDK did not come in time")), withinMs);
  });
  await Promise.race([fetched(), late]);
  if (!window.ZoomMtgEmbedded) throw new Error("the SDK is not what it was");
  return window.ZoomMtgEmbedded.createClient();
}

async function fetched(): Promise<void> {
  // They are fetched side by side, and run in this order.
  await Promise.all(SCRIPTS.map(script));
}

function script(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address;
    element.async = false;
    element.referrerPolicy = "origin";
    element.onload = () => resolve();
    element.onerror = () => reject(new Error(`${address} did not come`));
    document.head.append(element);
  });
}
