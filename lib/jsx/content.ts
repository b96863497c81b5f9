import type { ReactElement } from "react";

/**
 * What React draws as elements or not at all. Where text may stand as well it is Content, and then it stands alone in
 * its element: React writes such text through the element, whatever a page translator has made of it. Text beside
 * siblings React holds by its node, which a translator takes away (W1, decision 044).
 */
export type Parts = ReactElement | null | undefined | boolean | readonly Parts[];

export type Content = string | number | Parts;
