import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import {
  bindMigrationAwareSqlAdapterFactory,
  type ColumnType,
  ColumnTypeEnum,
  type SqlQuery,
} from "@prisma/driver-adapter-utils";
import * as glue from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";
import { schemaOf } from "@/lib/database-url";
import { startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import { applyMigrations } from "./migrate";

const SCHEMA = path.join("prisma", "schema.prisma");

/** The SQL that would bring what the migrations make to what prisma/schema.prisma says; empty when they agree. */
export function diffMigrationsToSchema(schema?: string): Promise<string> {
  return withReferenceDatabase((ownerUrl) => diffDatabaseToSchema(ownerUrl, schema));
}

/** A throwaway PostgreSQL that holds exactly what this checkout makes. */
export async function withReferenceDatabase<T>(work: (ownerUrl: string) => Promise<T>): Promise<T> {
  const dataDir = path.join(os.tmpdir(), `murph-schema-${randomBytes(8).toString("hex")}`);
  const remove = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  const starting = startEmbeddedPostgres({ dataDir, scratch: true });
  // After the call: the server's own exit handler comes first then.
  process.once("exit", remove);
  try {
    const server = await starting;
    try {
      await applyMigrations(server.ownerUrl);
      return await work(server.ownerUrl);
    } finally {
      await server.stop();
    }
  } finally {
    remove();
    process.off("exit", remove);
  }
}

/** Works without any download: Prisma's engine compares as WebAssembly. */
export async function diffDatabaseToSchema(
  databaseUrl: string,
  schema = readFileSync(SCHEMA, "utf8"),
): Promise<string> {
  // Once a process: the glue code keeps views of the first instance's memory.
  engineLoaded ??= loadEngine();
  await engineLoaded;
  const files = [{ path: SCHEMA, content: schema }];
  const factory = bindMigrationAwareSqlAdapterFactory(new IntrospectingPg(databaseUrl));
  const engine = await glue.SchemaEngine.new(
    { datamodels: files.map((file): [string, string] => [file.path, file.content]) },
    () => undefined,
    factory,
  );
  const { stdout, exitCode } = await engine.diff({
    from: { tag: "schemaDatasource", files, configDir: "." },
    to: { tag: "schemaDatamodel", files },
    script: true,
    exitCode: true,
    filters: { externalTables: [`${schemaOf(databaseUrl)}._functions`], externalEnums: [] },
  });
  return exitCode === 0 ? "" : (stdout ?? "").trim();
}

let engineLoaded: Promise<void> | null = null;

async function loadEngine(): Promise<void> {
  const file = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const { instance } = await WebAssembly.instantiate(
    readFileSync(path.join(path.dirname(file), "schema_engine_bg.wasm")),
    {
      "./schema_engine_bg.js": glue,
    } as WebAssembly.Imports,
  );
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports as { __wbindgen_start(): void }).__wbindgen_start();
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      set_message(message: string) {
        console.error(message);
      },
    },
  });
}

/** PostgreSQL's one-byte type "char", in which its catalogue is written and which the adapter does not know. */
const CHAR_OID = 18;
const BPCHAR_OID = 1042;

/** The adapter passes "char" columns as another text type first; their real type is put back in its answer. */
class IntrospectingPg extends PrismaPg {
  constructor(private readonly url: string) {
    super(url);
  }

  override async connect() {
    const pool = new pg.Pool({ connectionString: this.url });
    const charColumns = new WeakMap<object, number[]>();
    const query = pool.query.bind(pool) as (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult>;
    Object.assign(pool, {
      async query(config: pg.QueryArrayConfig) {
        const result = await query(config);
        const found: number[] = [];
        for (const [index, field] of (result.fields ?? []).entries()) {
          if (field.dataTypeID !== CHAR_OID) continue;
          field.dataTypeID = BPCHAR_OID;
          found.push(index);
        }
        if (found.length > 0) charColumns.set(result.rows, found);
        return result;
      },
    });
    const adapter = await new PrismaPg(pool, { disposeExternalPool: true, schema: schemaOf(this.url) }).connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (raw: SqlQuery) => {
      const result = await queryRaw(raw);
      const columnTypes: ColumnType[] = [...result.columnTypes];
      for (const index of charColumns.get(result.rows) ?? []) columnTypes[index] = ColumnTypeEnum.Character;
      return { ...result, columnTypes };
    };
    return adapter;
  }
}
