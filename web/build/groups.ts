/**
 * What is fetched together: libraries that every page stands on, and the shell with the components of the first pages.
 * Without these groups the first page is forty small files. What the meeting's page uses stays out of both.
 */
const LIBRARIES =
  /node_modules\/(react|react-dom|scheduler|react-router|cookie|set-cookie-parser|i18next|react-i18next|@tanstack\/(react-query|query-core)|tailwind-merge|clsx|class-variance-authority|openapi-fetch|idb-keyval|use-sync-external-store|@radix-ui\/react-(slot|compose-refs))\//;
const SHELL =
  /\/src\/(api\/|app\/(?!theme|vitals|new_version\.|service_worker)|session\/|crisis\/crisis_help|realtime\/(drafts|outbox_storage)|ui\/(badge|button|card|classes|dialog|field|form|modal|page|password_field|states|toast))/;

/** What the meeting's page has in common with all others; the other groups would take it in as what they need. */
const EVERYWHERE = /\/src\/(app\/theme|i18n\/language)\.ts/;

export const GROUPS = [
  { name: "everywhere", test: EVERYWHERE, priority: 1 },
  { name: "libraries", test: LIBRARIES },
  { name: "shell", test: SHELL },
];
