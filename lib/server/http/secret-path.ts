/** Pages whose address is itself a secret that opens an account. */
const SECRET_PATH = /^\/(invite|reset)\/.+/;

export function isSecretPath(path: string): boolean {
  return SECRET_PATH.test(path);
}

/** As a log may have it. */
export function withoutSecret(path: string): string {
  return path.replace(SECRET_PATH, "/$1/…");
}
