import { createHmac, randomBytes } from "node:crypto";
import type pg from "pg";

/** Where the one built-in Channels server of this database listens, and its credentials. */
export interface Registration {
  appId: string;
  key: string;
  secret: string;
  host: string;
  port: number;
}

const DEFAULT_PORT = 54_330;
const COLUMNS = `app_id AS "appId", key, secret, host, port`;

/** The row, made with fresh credentials where there is none yet. */
export async function readOrMakeRegistration(client: pg.Client): Promise<Registration> {
  const random = (bytes: number) => randomBytes(bytes).toString("hex");
  await client.query(
    `INSERT INTO channels_registration (id, app_id, key, secret, host, port) VALUES (1, $1, $2, $3, '127.0.0.1', $4)
     ON CONFLICT (id) DO NOTHING`,
    [String(100_000 + randomBytes(3).readUIntBE(0, 3)), random(10), random(20), DEFAULT_PORT],
  );
  const registration = await readRegistration(client);
  if (!registration) throw new Error("The registration of the Channels server vanished while it was read");
  return registration;
}

export async function readRegistration(client: pg.Client): Promise<Registration | null> {
  const { rows } = await client.query<Registration>(`SELECT ${COLUMNS} FROM channels_registration WHERE id = 1`);
  return rows[0] ?? null;
}

/** Tells the other instances where the server is now. */
export async function writePort(client: pg.Client, port: number): Promise<void> {
  await client.query("UPDATE channels_registration SET port = $1, registered_at = now() WHERE id = 1", [port]);
}

/** Whether that very server answers: anything can listen on a port, only ours knows the secret. */
export async function isAnswering(registration: Registration, timeoutMs = 2_000): Promise<boolean> {
  const { appId, key, secret, host, port } = registration;
  const path = `/apps/${appId}/channels`;
  const query = `auth_key=${key}&auth_timestamp=${Math.floor(Date.now() / 1000)}&auth_version=1.0`;
  const signature = createHmac("sha256", secret).update(`GET\n${path}\n${query}`).digest("hex");
  try {
    const response = await fetch(`http://${host}:${port}${path}?${query}&auth_signature=${signature}`, {
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body: unknown = await response.json();
    return response.status === 200 && typeof body === "object" && body !== null && "channels" in body;
  } catch {
    return false;
  }
}
