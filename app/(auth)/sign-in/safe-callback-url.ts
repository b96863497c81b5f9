const HOME = "/consultations";

/** A path of ours to go to after signing in; anything else goes home. */
export function safeCallbackUrl(value: string | string[] | undefined): string {
  if (typeof value !== "string" || !URL.canParse(value, "http://murph.invalid")) return HOME;
  const { origin, pathname, search } = new URL(value, "http://murph.invalid");
  if (origin !== "http://murph.invalid" || pathname === "/" || pathname.startsWith("/sign-in")) return HOME;
  return `${pathname}${search}`;
}
