const ALGORITHM = { name: "AES-GCM", length: 256 } as const;
const IV_BYTES = 12;

export interface Sealed {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly sealed: ArrayBuffer;
}

/** A row belongs to its place: put under another user, consultation or id it does not open. */
interface Place {
  readonly userId: string;
  readonly consultationId: string;
  readonly id: string;
}

/** Not extractable: the key can be used by this origin in this profile, and never read, not even by us. */
export function createSealingKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey(ALGORITHM, false, ["encrypt", "decrypt"]);
}

/** `body` is anything that JSON carries. */
export async function seal(key: CryptoKey, place: Place, body: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(parameters(iv, place), key, encode(JSON.stringify(body)));
  return { iv, sealed };
}

/** null: not sealed by this key for this place. */
export async function open(key: CryptoKey, place: Place, { iv, sealed }: Sealed): Promise<unknown> {
  try {
    const opened = await crypto.subtle.decrypt(parameters(iv, place), key, sealed);
    return JSON.parse(new TextDecoder().decode(opened));
  } catch {
    return null;
  }
}

function parameters(iv: Uint8Array<ArrayBuffer>, { userId, consultationId, id }: Place): AesGcmParams {
  return { name: ALGORITHM.name, iv, additionalData: encode(`${userId}/${consultationId}/${id}`) };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
