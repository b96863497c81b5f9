import * as z from "zod";
import { emailSchema } from "./protocol/email";

/** Everything the process was told from outside, parsed once at start. `.env.example` lists every variable. */
export interface Env {
  production: boolean;
  /** Folder of the embedded parts: database files, generated secrets. */
  dataDir: string;
  database:
    | { kind: "embedded" }
    /** `schema`: where in it our tables and functions are; null for the default. */
    | { kind: "external"; url: string; ownerUrl: string; directUrl: string; schema: string | null };
  pusher: { kind: "embedded" } | ExternalPusher;
  /** 32 bytes, base64: switches consultations to end-to-end encrypted channels. */
  pusherEncryptionMasterKey: string | null;
  pusherPayloads: "full" | "hint";
  nextAuthSecret: string | null;
  nextAuthUrl: string | null;
  demoPeople: boolean;
  rates: {
    sendsPer10s: number;
    channelAuthPerMinute: number;
    signInFailuresPerAccount: number;
    invitationsPer10Min: number;
    connectionsPerAddress: number;
  };
  editWindowSeconds: number;
  /** "simulated": kept in the database, shown on /dev. */
  mail: { kind: "simulated" } | SmtpMail;
  /** How long a message stays unread before its reader gets a mail. */
  mailDelaySeconds: number;
  relay: "inline" | "off";
  cronSecret: string | null;
  /** Addresses or CIDR ranges whose X-Forwarded-For is believed. */
  trustedProxies: string[];
  logLevel: string;
}

export interface ExternalPusher {
  kind: "external";
  appId: string;
  key: string;
  secret: string;
  /** Hosted Pusher, or null when `host` names a self-hosted server. */
  cluster: string | null;
  host: string | null;
  port: number | null;
  tls: boolean;
  publicHost: string | null;
  publicPort: number | null;
  publicTls: boolean;
}

export interface SmtpMail {
  kind: "smtp";
  url: string;
  from: { name: string; address: string };
}

/** Configuration that cannot work. The message lists the variables, one a line, and what each must be. */
export class EnvError extends Error {
  override name = "EnvError";
  constructor(readonly problems: readonly string[]) {
    super(`Configuration error:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}

type Source = Readonly<Record<string, string | undefined>>;

const text = z.string().trim().min(1);
const port = z.coerce.number().int().min(1).max(65_535);
const delay = z.coerce.number().int().min(0).max(604_800);
const count = z.coerce.number().int().min(1).max(1_000_000_000);
const flag = z.enum(["true", "false", "1", "0"]).transform((value) => value === "true" || value === "1");
const proxies = z
  .string()
  .transform((value) => value.split(/[\s,]+/).filter(Boolean))
  .pipe(
    z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.enum(["loopback", "linklocal", "uniquelocal"])])),
  );
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });
/** Needs no quotes anywhere. PostgreSQL keeps names that begin with pg_ to itself. */
const schemaName = z.string().regex(/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/);
const smtpUrl = z.url({ protocol: /^smtps?$/ }).refine((value) => new URL(value).hostname !== "");
/** `murph@example.org` or `Murph <murph@example.org>`. */
const mailbox = z
  .string()
  .transform((value) => {
    const named = /^([^<>"\r\n]*)<([^<>]+)>$/.exec(value);
    return { name: (named?.[1] ?? "").trim(), address: named?.[2] ?? value };
  })
  .pipe(z.object({ name: z.string().max(100), address: emailSchema }));

/**
 * Reads the environment. Throws EnvError naming every variable that is malformed or whose group is incomplete;
 * returns warnings for left-overs that are ignored. Empty strings count as unset.
 */
export function parseEnv(source: Source): { env: Env; warnings: string[] } {
  const problems: string[] = [];
  const warnings: string[] = [];

  const raw = (name: string) => {
    const value = source[name]?.trim();
    return value ? value : undefined;
  };
  function read<T>(name: string, schema: z.ZodType<T>, expected: string): T | undefined {
    const value = raw(name);
    if (value === undefined) return undefined;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    problems.push(`${name} must be ${expected}`);
    return undefined;
  }

  const production = source.NODE_ENV === "production";
  const databaseUrl = read("DATABASE_URL", postgresUrl, "a postgres:// URL");
  const ownerUrl = read("DATABASE_OWNER_URL", postgresUrl, "a postgres:// URL");
  const directUrl = read("DATABASE_DIRECT_URL", postgresUrl, "a postgres:// URL");
  if (!raw("DATABASE_URL")) {
    for (const name of ["DATABASE_OWNER_URL", "DATABASE_DIRECT_URL", "DATABASE_SCHEMA"]) {
      if (raw(name)) problems.push(`${name} is set without DATABASE_URL`);
    }
  }
  const schema = read("DATABASE_SCHEMA", schemaName, "a plain lower-case name") ?? null;
  const database: Env["database"] = databaseUrl
    ? {
        ...{ kind: "external", url: databaseUrl, schema },
        ...{ ownerUrl: ownerUrl ?? databaseUrl, directUrl: directUrl ?? databaseUrl },
      }
    : { kind: "embedded" };

  const pusher = readPusher();
  const nextAuthSecret = read("NEXTAUTH_SECRET", z.string().min(16), "at least 16 characters long") ?? null;
  const realParts = [
    database.kind === "external" ? "DATABASE_URL" : null,
    pusher.kind === "external" ? "PUSHER_*" : null,
  ].filter((name) => name !== null);
  if (!raw("NEXTAUTH_SECRET") && realParts.length > 0) {
    problems.push(`NEXTAUTH_SECRET is required once real parts are configured (${realParts.join(", ")} is set)`);
  }

  const mail = readMail();
  const masterKey =
    read(
      "PUSHER_ENCRYPTION_MASTER_KEY_BASE64",
      text.refine((value) => Buffer.from(value, "base64").length === 32),
      "32 bytes in base64",
    ) ?? null;

  for (const name of Object.keys(source).sort()) {
    if (name.startsWith("VITE_PUSHER_") && raw(name)) {
      warnings.push(`${name} is left over from an earlier design and ignored: use ${name.replace("VITE_", "")}`);
    }
  }

  const env: Env = {
    production,
    dataDir: raw("MURPH_DATA_DIR") ?? ".murph",
    database,
    pusher,
    pusherEncryptionMasterKey: masterKey,
    pusherPayloads: read("PUSHER_PAYLOADS", z.enum(["full", "hint"]), '"full" or "hint"') ?? "full",
    nextAuthSecret,
    nextAuthUrl: read("NEXTAUTH_URL", z.url({ protocol: /^https?$/ }), "an http(s) URL") ?? null,
    demoPeople: read("MURPH_DEMO", flag, '"true" or "false"') ?? !production,
    rates: {
      sendsPer10s: read("MURPH_RATE_SENDS", count, "a positive whole number") ?? 60,
      channelAuthPerMinute: read("MURPH_RATE_AUTH", count, "a positive whole number") ?? 300,
      signInFailuresPerAccount: read("MURPH_RATE_SIGN_IN", count, "a positive whole number") ?? 10,
      invitationsPer10Min: read("MURPH_RATE_INVITATIONS", count, "a positive whole number") ?? 30,
      connectionsPerAddress: read("MURPH_CONNECTIONS_PER_ADDRESS", count, "a positive whole number") ?? 500,
    },
    editWindowSeconds: read("MURPH_EDIT_WINDOW_SECONDS", count, "a positive whole number") ?? 900,
    mail,
    mailDelaySeconds: read("MURPH_MAIL_DELAY_SECONDS", delay, "a whole number of seconds, at most a week") ?? 120,
    relay: read("MURPH_RELAY", z.enum(["inline", "off"]), '"inline" or "off"') ?? "inline",
    cronSecret: read("CRON_SECRET", z.string().min(16), "at least 16 characters long") ?? null,
    trustedProxies: read("TRUSTED_PROXIES", proxies, "a list of addresses or CIDR ranges") ?? [],
    logLevel:
      read("MURPH_LOG_LEVEL", z.enum(["debug", "info", "warn", "error", "silent"]), "a log level") ??
      (production ? "info" : "warn"),
  };
  if (problems.length > 0) throw new EnvError(problems);
  return { env, warnings };

  function readMail(): Env["mail"] {
    const url = read("SMTP_URL", smtpUrl, "an smtp:// or smtps:// URL");
    const from = read("MAIL_FROM", mailbox, 'an address, or a name and an address: "Murph <murph@example.org>"');
    const missing = ["SMTP_URL", "MAIL_FROM"].filter((name) => !raw(name));
    if (missing.length === 2) return { kind: "simulated" };
    if (missing.length === 1) problems.push(`Mail is half configured, missing: ${missing[0]}`);
    if (raw("SMTP_URL") && !raw("NEXTAUTH_URL")) {
      problems.push("NEXTAUTH_URL is required once SMTP_URL is set: mails contain links");
    }
    return url && from ? { kind: "smtp", url, from } : { kind: "simulated" };
  }

  function readPusher(): Env["pusher"] {
    const publicKey = raw("NEXT_PUBLIC_PUSHER_KEY");
    const publicCluster = raw("NEXT_PUBLIC_PUSHER_CLUSTER");
    for (const [mine, theirs] of [
      ["PUSHER_KEY", "NEXT_PUBLIC_PUSHER_KEY"],
      ["PUSHER_CLUSTER", "NEXT_PUBLIC_PUSHER_CLUSTER"],
    ] as const) {
      if (raw(mine) && raw(theirs) && raw(mine) !== raw(theirs)) problems.push(`${mine} and ${theirs} differ`);
    }
    const group = {
      PUSHER_APP_ID: raw("PUSHER_APP_ID"),
      PUSHER_KEY: raw("PUSHER_KEY") ?? publicKey,
      PUSHER_SECRET: raw("PUSHER_SECRET"),
    };
    const cluster = raw("PUSHER_CLUSTER") ?? publicCluster;
    const host = raw("PUSHER_HOST");
    const transport = ["PUSHER_PORT", "PUSHER_TLS", "PUSHER_PUBLIC_HOST", "PUSHER_PUBLIC_PORT", "PUSHER_PUBLIC_TLS"];
    const given = [...Object.values(group), cluster, host, ...transport.map(raw)].some((value) => value !== undefined);
    if (!given) return { kind: "embedded" };

    const missing = Object.entries(group).flatMap(([name, value]) => (value ? [] : [name]));
    if (missing.length > 0) problems.push(`Pusher is half configured, missing: ${missing.join(", ")}`);
    if (!cluster && !host) problems.push("Pusher is half configured, missing: PUSHER_CLUSTER or PUSHER_HOST");
    if (cluster && host) problems.push("PUSHER_CLUSTER and PUSHER_HOST exclude each other: set one");
    if (cluster) {
      for (const name of transport)
        if (raw(name)) problems.push(`${name} goes with PUSHER_HOST, not with PUSHER_CLUSTER`);
    }
    const tls = read("PUSHER_TLS", flag, '"true" or "false"') ?? true;
    const publicTls = read("PUSHER_PUBLIC_TLS", flag, '"true" or "false"') ?? tls;
    const ownPort = read("PUSHER_PORT", port, "a port number") ?? null;
    const publicPort = read("PUSHER_PUBLIC_PORT", port, "a port number") ?? null;
    // One port speaks either TLS or not: an inner port says nothing about a public address that differs in that.
    const innerPort = publicTls === tls ? ownPort : null;
    return {
      kind: "external",
      appId: group.PUSHER_APP_ID ?? "",
      key: group.PUSHER_KEY ?? "",
      secret: group.PUSHER_SECRET ?? "",
      cluster: cluster ?? null,
      host: host ?? null,
      port: ownPort ?? (host ? (tls ? 443 : 80) : null),
      tls,
      publicHost: raw("PUSHER_PUBLIC_HOST") ?? host ?? null,
      publicPort: publicPort ?? innerPort ?? (host ? (publicTls ? 443 : 80) : null),
      publicTls,
    };
  }
}
