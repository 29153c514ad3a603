/** Where a tab that looks on as somebody keeps the id of the look; apart, as it is wanted before anything else is. */
export const LOOKING_ON = "bloom.lookingOn";
