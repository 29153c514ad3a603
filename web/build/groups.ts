/**
 * What is fetched together: libraries that every page stands on, and the shell with the components of the first pages.
 * Without these groups the first page is forty small files. What the meeting's page uses stays out of both. Two icons
 * are in the shell, since a group takes in what it needs and would then be fetched for its icon alone.
 */
const LIBRARIES =
  /node_modules\/(react|react-dom|scheduler|react-router|cookie|set-cookie-parser|i18next|react-i18next|@tanstack\/(react-query|query-core)|clsx|openapi-fetch|idb-keyval|use-sync-external-store|@radix-ui\/react-(slot|compose-refs))\//;
const SHELL =
  /\/src\/(api\/|app\/(?!theme|vitals|new_version\.|service_worker)|session\/|crisis\/crisis_help|realtime\/(drafts|outbox_storage)|ui\/(badge|button|card|classes|dialog|field|form|modal|page|password_field|states|toast))|\/lucide-react\/dist\/esm\/icons\/(video|calendar-clock)\./;
/** What the pages of whoever is signed in have in common. */
const SIGNED_IN =
  /\/src\/(realtime\/(conversation_list|members|people)|ui\/(now|more_button)|pages\/everyone\/consents)\./;
/** What the pages of patients have in common. */
const PATIENT =
  /\/src\/pages\/patient\/(queries|when|join|held_times|next_steps|step_card|appointment_phase|time_left)\./;

/** What the meeting's page has in common with all others; the other groups would take it in as what they need. */
const EVERYWHERE = /\/src\/(app\/theme|i18n\/language|meeting\/handing_over)\.ts/;

export const GROUPS = [
  { name: "everywhere", test: EVERYWHERE, priority: 1 },
  { name: "libraries", test: LIBRARIES },
  { name: "shell", test: SHELL },
  { name: "signed_in", test: SIGNED_IN },
  { name: "patient_parts", test: PATIENT },
];
