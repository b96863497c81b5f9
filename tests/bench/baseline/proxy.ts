import { NextResponse } from "next/server";

/** The bundler would otherwise find the product's own: both apps share one root. Matches nothing. */
export function proxy() {
  return NextResponse.next();
}

export const config = { matcher: "/never" };
