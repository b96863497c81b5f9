import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { EnvError, parseEnv } from "@/lib/env";

const SECRET = { NEXTAUTH_SECRET: "sixteen-or-more-characters" };
const HOSTED = { PUSHER_APP_ID: "1", PUSHER_KEY: "key", PUSHER_SECRET: "secret", PUSHER_CLUSTER: "eu", ...SECRET };
const SELF_HOSTED = { ...HOSTED, PUSHER_CLUSTER: "", PUSHER_HOST: "channels.internal" };
const SMTP = { SMTP_URL: "smtps://user:p%40ss@smtp.example:465", MAIL_FROM: "Murph <murph@chat.example>" };
const MAIL = new Set(Object.keys(SMTP));
const DATABASE = { DATABASE_URL: "postgresql://app:pw@db:5432/murph", ...SECRET };

function problemsOf(source: Record<string, string>): readonly string[] {
  try {
    parseEnv(source);
  } catch (error) {
    if (error instanceof EnvError) return error.problems;
    throw error;
  }
  throw new Error("Nothing was refused");
}

describe("nothing set", () => {
  test("B7 everything is embedded, with the documented defaults", () => {
    expect(parseEnv({})).toEqual({
      warnings: [],
      env: {
        production: false,
        dataDir: ".murph",
        database: { kind: "embedded" },
        pusher: { kind: "embedded" },
        pusherEncryptionMasterKey: null,
        pusherPayloads: "full",
        nextAuthSecret: null,
        nextAuthUrl: null,
        demoPeople: true,
        rates: {
          sendsPer10s: 60,
          channelAuthPerMinute: 300,
          signInFailuresPerAccount: 10,
          invitationsPer10Min: 30,
          connectionsPerAddress: 500,
        },
        editWindowSeconds: 900,
        mail: { kind: "simulated" },
        mailDelaySeconds: 120,
        relay: "inline",
        cronSecret: null,
        trustedProxies: [],
        logLevel: "warn",
      },
    });
  });

  test("B7 an empty or blank value counts as unset", () => {
    const blank = Object.fromEntries(variablesOfExample().map((name) => [name, "  "]));
    expect(parseEnv(blank)).toEqual(parseEnv({}));
  });

  test("ATK95 production seeds demo people only where it is told to", () => {
    expect(parseEnv({ NODE_ENV: "production" }).env.demoPeople).toBe(false);
    expect(parseEnv({ NODE_ENV: "production", MURPH_DEMO: "true" }).env.demoPeople).toBe(true);
    expect(parseEnv({ MURPH_DEMO: "false" }).env.demoPeople).toBe(false);
  });
});

describe("B7 mail", () => {
  const complete = { ...SMTP, NEXTAUTH_URL: "https://chat.example" };

  test("goes through SMTP where the whole group is set", () => {
    expect(parseEnv(complete).env.mail).toEqual({
      kind: "smtp",
      url: SMTP.SMTP_URL,
      from: { name: "Murph", address: "murph@chat.example" },
    });
    expect(parseEnv({ ...complete, MAIL_FROM: "Murph@Chat.example" }).env.mail).toMatchObject({
      from: { name: "", address: "murph@chat.example" },
    });
  });

  test.each([
    [{ SMTP_URL: SMTP.SMTP_URL, NEXTAUTH_URL: "https://chat.example" }, "Mail is half configured, missing: MAIL_FROM"],
    [{ MAIL_FROM: SMTP.MAIL_FROM }, "Mail is half configured, missing: SMTP_URL"],
    [SMTP, "NEXTAUTH_URL is required once SMTP_URL is set: mails contain links"],
    [{ ...complete, SMTP_URL: "https://smtp.example" }, "SMTP_URL must be an smtp:// or smtps:// URL"],
    [{ ...complete, SMTP_URL: "smtp://" }, "SMTP_URL must be an smtp:// or smtps:// URL"],
    [
      { MURPH_MAIL_DELAY_SECONDS: "soon" },
      "MURPH_MAIL_DELAY_SECONDS must be a whole number of seconds, at most a week",
    ],
  ])("%j is refused by name", (source, problem) => {
    expect(problemsOf(source)).toEqual([problem]);
  });

  test.each(["nobody", "a@x.example, b@x.example", "Murph <a@x.example>, B <b@x.example>", "Murph <a@x.example", "<>"])(
    "ATK82 %j is no sender",
    (from) => {
      expect(problemsOf({ ...complete, MAIL_FROM: from })).toEqual([
        'MAIL_FROM must be an address, or a name and an address: "Murph <murph@example.org>"',
      ]);
    },
  );
});

describe("B7 half a group is an error that lists the names", () => {
  const group = ["PUSHER_APP_ID", "PUSHER_KEY", "PUSHER_SECRET"] as const;

  test.each(group)("%s missing", (name) => {
    expect(problemsOf({ ...HOSTED, [name]: "" })).toEqual([`Pusher is half configured, missing: ${name}`]);
  });

  test.each(group)("only %s set", (name) => {
    const missing = group.filter((other) => other !== name).join(", ");
    expect(problemsOf({ ...SECRET, [name]: "value" })).toEqual([
      `Pusher is half configured, missing: ${missing}`,
      "Pusher is half configured, missing: PUSHER_CLUSTER or PUSHER_HOST",
    ]);
  });

  test.each([
    "PUSHER_HOST",
    "PUSHER_CLUSTER",
    "PUSHER_PORT",
    "PUSHER_TLS",
    "PUSHER_PUBLIC_HOST",
    "PUSHER_PUBLIC_PORT",
    "PUSHER_PUBLIC_TLS",
    "NEXT_PUBLIC_PUSHER_CLUSTER",
  ])("%s alone asks for the credentials", (name) => {
    const value = name.endsWith("PORT") ? "443" : name.endsWith("TLS") ? "true" : "value";
    expect(problemsOf({ ...SECRET, [name]: value })[0]).toBe(
      "Pusher is half configured, missing: PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET",
    );
  });

  test("neither cluster nor host", () => {
    expect(problemsOf({ ...HOSTED, PUSHER_CLUSTER: "" })).toEqual([
      "Pusher is half configured, missing: PUSHER_CLUSTER or PUSHER_HOST",
    ]);
  });

  test("cluster together with host, or with what belongs to a host", () => {
    expect(problemsOf({ ...HOSTED, PUSHER_HOST: "h" })).toEqual([
      "PUSHER_CLUSTER and PUSHER_HOST exclude each other: set one",
    ]);
    expect(problemsOf({ ...HOSTED, PUSHER_PORT: "443" })).toEqual([
      "PUSHER_PORT goes with PUSHER_HOST, not with PUSHER_CLUSTER",
    ]);
  });

  test("public names that differ from the server's", () => {
    expect(problemsOf({ ...HOSTED, NEXT_PUBLIC_PUSHER_KEY: "other", NEXT_PUBLIC_PUSHER_CLUSTER: "us2" })).toEqual([
      "PUSHER_KEY and NEXT_PUBLIC_PUSHER_KEY differ",
      "PUSHER_CLUSTER and NEXT_PUBLIC_PUSHER_CLUSTER differ",
    ]);
  });

  test.each(["DATABASE_OWNER_URL", "DATABASE_DIRECT_URL"])("%s without DATABASE_URL", (name) => {
    expect(problemsOf({ [name]: "postgres://o@h/d" })).toEqual([`${name} is set without DATABASE_URL`]);
  });

  test("real parts without a secret", () => {
    expect(problemsOf({ ...DATABASE, NEXTAUTH_SECRET: "" })).toEqual([
      "NEXTAUTH_SECRET is required once real parts are configured (DATABASE_URL is set)",
    ]);
    expect(problemsOf({ ...HOSTED, ...DATABASE, NEXTAUTH_SECRET: "" })).toEqual([
      "NEXTAUTH_SECRET is required once real parts are configured (DATABASE_URL, PUSHER_* is set)",
    ]);
  });

  test("the message has one line for each problem and never a value", () => {
    expect(() => parseEnv({ PUSHER_SECRET: "hunter2", MURPH_RELAY: "hunter3" })).toThrow(EnvError);
    try {
      parseEnv({ PUSHER_SECRET: "hunter2", MURPH_RELAY: "hunter3" });
    } catch (error) {
      const { message } = error as Error;
      expect(message.split("\n")).toHaveLength(5);
      expect(message).not.toContain("hunter");
    }
  });
});

describe("B7 malformed values are named", () => {
  test.each([
    ["DATABASE_URL", "mysql://h/d"],
    ["DATABASE_URL", "db.example"],
    ["NEXTAUTH_SECRET", "short"],
    ["NEXTAUTH_URL", "chat.example"],
    ["NEXTAUTH_URL", "javascript:alert(1)"],
    ["PUSHER_ENCRYPTION_MASTER_KEY_BASE64", "dG9vIHNob3J0"],
    ["PUSHER_PAYLOADS", "none"],
    ["MURPH_DEMO", "maybe"],
    ["MURPH_RATE_SENDS", "0"],
    ["MURPH_RATE_SENDS", "many"],
    ["MURPH_RATE_AUTH", "-1"],
    ["MURPH_RATE_SIGN_IN", "1.5"],
    ["MURPH_EDIT_WINDOW_SECONDS", "1e99"],
    ["MURPH_RELAY", "on"],
    ["CRON_SECRET", "short"],
    ["MURPH_LOG_LEVEL", "loud"],
    ["TRUSTED_PROXIES", "everybody"],
    ["TRUSTED_PROXIES", "10.0.0.0/33"],
  ])("%s=%s", (name, value) => {
    expect(problemsOf({ [name]: value }).join()).toContain(name);
  });

  test.each(["PUSHER_PORT", "PUSHER_PUBLIC_PORT"])("%s", (name) => {
    for (const value of ["0", "65536", "https"]) {
      expect(problemsOf({ ...SELF_HOSTED, [name]: value })).toEqual([`${name} must be a port number`]);
    }
  });
});

describe("whole groups", () => {
  test("hosted Pusher, also by its public names", () => {
    const expected = { kind: "external", appId: "1", key: "key", secret: "secret", cluster: "eu", host: null };
    expect(parseEnv(HOSTED).env.pusher).toMatchObject(expected);
    const { PUSHER_KEY, PUSHER_CLUSTER, ...rest } = HOSTED;
    expect(
      parseEnv({ ...rest, NEXT_PUBLIC_PUSHER_KEY: PUSHER_KEY, NEXT_PUBLIC_PUSHER_CLUSTER: PUSHER_CLUSTER }).env.pusher,
    ).toMatchObject(expected);
  });

  test("a self-hosted server: TLS unless said otherwise, browsers reach it elsewhere where told", () => {
    expect(parseEnv(SELF_HOSTED).env.pusher).toMatchObject({
      cluster: null,
      host: "channels.internal",
      port: 443,
      tls: true,
      publicHost: "channels.internal",
      publicPort: 443,
      publicTls: true,
    });
    expect(parseEnv({ ...SELF_HOSTED, PUSHER_TLS: "false" }).env.pusher).toMatchObject({
      port: 80,
      publicPort: 80,
      publicTls: false,
    });
    expect(
      parseEnv({
        ...SELF_HOSTED,
        PUSHER_TLS: "false",
        PUSHER_PORT: "6001",
        PUSHER_PUBLIC_HOST: "ws.example",
        PUSHER_PUBLIC_TLS: "true",
        PUSHER_PUBLIC_PORT: "443",
      }).env.pusher,
    ).toMatchObject({ port: 6001, tls: false, publicHost: "ws.example", publicPort: 443, publicTls: true });
  });

  test("a public address with TLS has its default port, not that of the inner one", () => {
    expect(
      parseEnv({
        ...SELF_HOSTED,
        PUSHER_TLS: "false",
        PUSHER_PORT: "6001",
        PUSHER_PUBLIC_HOST: "ws.example",
        PUSHER_PUBLIC_TLS: "true",
      }).env.pusher,
    ).toMatchObject({ port: 6001, publicHost: "ws.example", publicPort: 443, publicTls: true });
  });

  test("owner and direct URL default to the database's", () => {
    const { DATABASE_URL: url } = DATABASE;
    expect(parseEnv(DATABASE).env.database).toEqual({
      ...{ kind: "external", url, ownerUrl: url, directUrl: url, schema: null },
    });
  });

  test("O1 DATABASE_SCHEMA is a plain name, and goes with DATABASE_URL", () => {
    expect(parseEnv({ ...DATABASE, DATABASE_SCHEMA: "chat_2" }).env.database).toMatchObject({ schema: "chat_2" });
    for (const name of ["Chat", "pg_chat", "a-b", "a;b", "2chat", "x".repeat(64)]) {
      expect(() => parseEnv({ ...DATABASE, DATABASE_SCHEMA: name }), name).toThrow(/DATABASE_SCHEMA must be/);
    }
    expect(() => parseEnv({ DATABASE_SCHEMA: "chat" })).toThrow(/DATABASE_SCHEMA is set without DATABASE_URL/);
  });

  test("left-over VITE_PUSHER_ variables are warnings that name their successors", () => {
    expect(parseEnv({ VITE_PUSHER_KEY: "old", VITE_PUSHER_CLUSTER: "" }).warnings).toEqual([
      "VITE_PUSHER_KEY is left over from an earlier design and ignored: use PUSHER_KEY",
    ]);
  });
});

describe(".env.example", () => {
  test("B7 lists every variable that is read, and no other", () => {
    const read = new Set<string>();
    const recorder = new Proxy<Record<string, string>>(
      { ...DATABASE, ...SELF_HOSTED },
      {
        get(target, name) {
          if (typeof name === "string") read.add(name);
          return Reflect.get(target, name);
        },
      },
    );
    parseEnv(recorder);
    read.delete("NODE_ENV");
    expect(variablesOfExample()).toEqual([...read].sort());
  });

  test("its values are valid", () => {
    for (const [, name, value] of exampleLines()) {
      if (!name || !value || name.startsWith("PUSHER_") || name.startsWith("DATABASE_") || MAIL.has(name)) continue;
      expect(() => parseEnv({ [name]: value }), name).not.toThrow();
    }
  });
});

function exampleLines(): RegExpMatchArray[] {
  const file = path.join(import.meta.dirname, "..", "..", ".env.example");
  return [...readFileSync(file, "utf8").matchAll(/^# ([A-Z0-9_]+)=(.*)$/gm)];
}

function variablesOfExample(): string[] {
  return exampleLines()
    .map(([, name]) => name ?? "")
    .sort();
}
