/** Under which names this device remembers what `early.ts` has to know as well. */

/** The id of a look at somebody else's pages, for this tab alone. */
export const LOOKING_ON = "bloom.lookingOn";
/** The id of a session that was ended here and perhaps not at the server. */
export const SIGN_OUT_OWED = "bloom.signOutOwed";
