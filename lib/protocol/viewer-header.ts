/** Optional on every call: the user on whose behalf a client believes to act. Somebody else's session refuses it. */
export const VIEWER_HEADER = "x-murph-user";

/** The same for a form, which cannot carry a header: a hidden field, optional too. */
export const VIEWER_FIELD = "viewerId";
