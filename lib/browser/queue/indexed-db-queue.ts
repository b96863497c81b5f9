import "@/lib/protocol/zod-settings";
import { v4 } from "uuid";
import * as z from "zod";
import type { ParkReason } from "@/lib/core/timeline";
import { errorCodeSchema } from "@/lib/protocol/errors";
import type { FallibleQueue } from "@/lib/sync/fallback-queue";
import type { NewCommand, StoredCommand } from "@/lib/sync/ports";
import { bodyOf, type CommandBody, isKnown, parseBody } from "./command-bodies";
import {
  type CommandRow,
  commandsOf,
  deleteRows,
  FORMAT,
  type OwnerRow,
  openQueueDatabase,
  type QueueDatabase,
} from "./database";
import { consultationOf, type Draft, type DraftStore } from "./drafts";
import { createSealingKey, open, seal } from "./sealing";

interface Options {
  /** Committed: other tabs are to look again. */
  readonly onChanged: (consultationId: string) => void;
  /** The key that this tab knew is gone: somebody wiped the queue and we did not hear of it. */
  readonly onWiped: () => void;
}

/**
 * Commands of one user in IndexedDB, sealed but for their kind and place. Every write says under which key it was sealed, and in the
 * same transaction sees that this key is still the owner's: what was wiped by another tab cannot be written back.
 *
 * Rows of a kind or format that this bundle does not know (a newer one runs beside it) are neither listed nor touched.
 */
export class IndexedDbQueue implements FallibleQueue, DraftStore {
  readonly #userId: string;
  readonly #options: Options;
  #database: Promise<QueueDatabase> | null = null;
  #owner: OwnerRow | null = null;
  readonly #opened = new Map<string, CommandBody>();

  constructor(userId: string, options: Options) {
    this.#userId = userId;
    this.#options = options;
  }

  async list(consultationId: string): Promise<readonly StoredCommand[]> {
    const database = await this.#open();
    const transaction = database.transaction(["owners", "commands"]);
    const byConsultation = transaction.objectStore("commands").index("by-consultation");
    const [owner, rows] = await Promise.all([
      transaction.objectStore("owners").get(this.#userId),
      byConsultation.getAll([this.#userId, consultationId]),
    ]);
    this.#know(owner ?? null);
    const commands = await Promise.all(rows.map((row) => this.#commandOf(row)));
    return commands.filter((command) => command !== null);
  }

  async consultationIds(): Promise<readonly string[]> {
    const database = await this.#open();
    const transaction = database.transaction(["owners", "commands"]);
    const [owner, rows] = await Promise.all([
      transaction.objectStore("owners").get(this.#userId),
      transaction.objectStore("commands").index("by-consultation").getAll(commandsOf(this.#userId)),
    ]);
    // The rest of a wipe that a crash cut short: nobody can open it any more.
    await deleteRows(
      database,
      rows.filter(({ generation }) => generation !== owner?.generation),
    );
    const known = rows.filter((row) => isKnown(row) && row.generation === owner?.generation);
    return [...new Set(known.map(({ consultationId }) => consultationId))];
  }

  async add(command: NewCommand): Promise<StoredCommand> {
    const serial = (await this.#insert(command)) ?? (await this.#insert(command));
    if (serial === null) throw new Error("The queue is being wiped");
    this.#opened.set(command.id, bodyOf(command));
    this.#options.onChanged(command.consultationId);
    return { ...command, serial };
  }

  async park(id: string, reason: ParkReason | null): Promise<void> {
    const database = await this.#open();
    const transaction = database.transaction("commands", "readwrite");
    const row = await transaction.store.index("by-id").get([this.#userId, id]);
    const queuedAt = reason === null ? null : (row?.queuedAt ?? null);
    if (row) await transaction.store.put({ ...row, parked: reason, queuedAt });
    await transaction.done;
    if (row) this.#options.onChanged(row.consultationId);
  }

  async remove(id: string): Promise<void> {
    const database = await this.#open();
    const transaction = database.transaction("commands", "readwrite");
    const row = await transaction.store.index("by-id").get([this.#userId, id]);
    if (row?.serial !== undefined) await transaction.store.delete(row.serial);
    await transaction.done;
    this.#opened.delete(id);
    if (row) this.#options.onChanged(row.consultationId);
  }

  /** Drafts stand beside the commands, for a wipe to find them, under a kind that lists pass over. */
  async readDrafts(): Promise<readonly Draft[]> {
    const database = await this.#open();
    const transaction = database.transaction(["owners", "commands"]);
    const [owner, rows] = await Promise.all([
      transaction.objectStore("owners").get(this.#userId),
      transaction.objectStore("commands").index("by-consultation").getAll(commandsOf(this.#userId)),
    ]);
    this.#know(owner ?? null);
    const kept = rows.filter((row) => row.format === FORMAT && row.generation === owner?.generation);
    const drafts = await Promise.all(kept.filter(({ kind }) => kind === "draft").map((row) => this.#draftOf(row)));
    return drafts.filter((draft) => draft !== null);
  }

  async writeDraft(draft: Draft | null, gone: readonly string[]): Promise<void> {
    const database = await this.#open();
    const row = draft && (await this.#sealDraft(database, draft));
    const transaction = database.transaction(["owners", "commands"], "readwrite");
    const commands = transaction.objectStore("commands");
    const owner = await transaction.objectStore("owners").get(this.#userId);
    for (const id of draft ? [...gone, draft.id] : gone) {
      const serial = await commands.index("by-id").getKey([this.#userId, id]);
      if (serial !== undefined) await commands.delete(serial);
    }
    if (row && row.generation === owner?.generation) await commands.add(row);
    await transaction.done;
  }

  /** Somebody wiped the queue: what is written from now on has a key of its own. */
  forget(): void {
    this.#owner = null;
    this.#opened.clear();
  }

  close(): void {
    void this.#database?.then(
      (database) => database.close(),
      () => {},
    );
    this.#database = null;
  }

  /** null: the key was replaced between sealing and writing. */
  async #insert(command: NewCommand): Promise<number | null> {
    const database = await this.#open();
    const { key, generation } = this.#owner ?? (await this.#becomeOwner(database));
    const { kind, id, consultationId, queuedAt, parked } = command;
    const userId = this.#userId;
    const sealed = await seal(key, { userId, consultationId, id }, bodyOf(command));
    const transaction = database.transaction(["owners", "commands"], "readwrite", { durability: "strict" });
    const owner = await transaction.objectStore("owners").get(userId);
    if (owner?.generation !== generation) {
      this.#know(owner ?? null);
      return null;
    }
    const row = { format: FORMAT, kind, userId, generation, consultationId, id, queuedAt, parked, ...sealed };
    const serial = await transaction.objectStore("commands").add(row);
    await transaction.done;
    return serial;
  }

  /** Another tab may do the same at this moment: the first key stays. */
  async #becomeOwner(database: QueueDatabase): Promise<OwnerRow> {
    const known = await database.get("owners", this.#userId);
    const candidate = known ?? {
      userId: this.#userId,
      generation: v4(),
      key: await createSealingKey(),
    };
    const transaction = database.transaction("owners", "readwrite", { durability: "strict" });
    const owner = (await transaction.store.get(this.#userId)) ?? candidate;
    if (owner === candidate) await transaction.store.put(candidate);
    await transaction.done;
    this.#owner = owner;
    return owner;
  }

  #know(owner: OwnerRow | null): void {
    if (this.#owner !== null && this.#owner.generation !== owner?.generation) {
      this.forget();
      this.#options.onWiped();
    }
    this.#owner = owner;
  }

  async #commandOf(row: CommandRow): Promise<StoredCommand | null> {
    const { serial, id, consultationId, queuedAt } = row;
    if (!isKnown(row) || serial === undefined || row.generation !== this.#owner?.generation) return null;
    const body = this.#opened.get(id) ?? parseBody(row.kind, await open(this.#owner.key, row, row));
    if (!body) return null;
    this.#opened.set(id, body);
    return { ...body, serial, id, consultationId, queuedAt, parked: parkReasonOf(row.parked) };
  }

  async #sealDraft(database: QueueDatabase, { id, place, tab, text }: Draft): Promise<CommandRow> {
    const userId = this.#userId;
    const consultationId = consultationOf(place);
    const { key, generation } = this.#owner ?? (await this.#becomeOwner(database));
    const sealed = await seal(key, { userId, consultationId, id }, textOnly(text));
    const about = { kind: "draft", userId, generation, consultationId, id, place, tab };
    return { format: FORMAT, queuedAt: null, parked: null, ...about, ...sealed };
  }

  /** An earlier bundle kept one a consultation, of no tab. */
  async #draftOf(row: CommandRow): Promise<Draft | null> {
    const { id, consultationId, place = consultationId, tab = "" } = row;
    const draft = this.#owner && draftSchema.safeParse(await open(this.#owner.key, row, row));
    return draft?.success ? { id, place, tab, text: draft.data.content } : null;
  }

  #open(): Promise<QueueDatabase> {
    if (this.#database) return this.#database;
    const opening: Promise<QueueDatabase> = openQueueDatabase(() => this.#reopenLater(opening));
    this.#database = opening;
    opening.catch(() => this.#reopenLater(opening));
    return opening;
  }

  #reopenLater(closed: Promise<QueueDatabase>): void {
    if (this.#database === closed) this.#database = null;
  }
}

const draftSchema = z.object({ content: z.string() });

/** In the form of a message: what an earlier bundle reads of a draft. */
function textOnly(content: string): z.infer<typeof draftSchema> & { replyToId: null } {
  return { content, replyToId: null };
}

/** A newer bundle may have been refused for a reason that this one has no word for. */
function parkReasonOf(reason: string | null): ParkReason | null {
  if (reason === null || reason === "too-old") return reason;
  return errorCodeSchema.safeParse(reason).data ?? "internal-error";
}
