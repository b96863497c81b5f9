export const SIGN_IN_ACTION = "/api/auth/callback/credentials";

export type HiddenValues = Record<"csrfToken" | "callbackUrl", string>;

export function HiddenFields({ values }: { values: HiddenValues }) {
  return Object.entries(values).map(([name, value]) => <input key={name} type="hidden" name={name} value={value} />);
}
