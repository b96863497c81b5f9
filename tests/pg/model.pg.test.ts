import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "@/lib/protocol/errors";
import type { User } from "@/lib/protocol/user";
import { AppError } from "@/lib/server/app-error";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { announceCompletion, withdrawCompletion } from "@/lib/server/commands/announce-completion";
import { cancelConsultation } from "@/lib/server/commands/cancel-consultation";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { completeDueConsultations } from "@/lib/server/commands/complete-due";
import { deleteMessage } from "@/lib/server/commands/delete-message";
import { editMessage } from "@/lib/server/commands/edit-message";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { sendMessage } from "@/lib/server/commands/send-message";
import { setReaction } from "@/lib/server/commands/set-reaction";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { db } from "@/lib/server/db";
import { type Notices, readNotices } from "@/lib/server/notices/read-notices";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { readEvents } from "@/lib/server/queries/read-events";
import { readMessages } from "@/lib/server/queries/read-messages";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import type { Publication } from "@/lib/server/relay/ports";
import { databaseLease } from "@/lib/server/relay/publication-lease";
import type { ApiResult } from "@/lib/sync/ports";
import { useTestRuntime } from "@/tests/support/database";
import { SeededRandom } from "@/tests/support/sim/seeded-random";
import { CONSULTATION_ID, ServerModel } from "@/tests/support/sim/server-model";
import { createConsultation, createPerson, type Person } from "@/tests/support/world";

useTestRuntime();

/** More by `MODEL_SEEDS=100 npx vitest run --project pg tests/pg/model.pg.test.ts`. */
const SEEDS = Number(process.env.MODEL_SEEDS ?? 6);
const STEPS = 120;
/** Some are one character of several code points, some sort otherwise in JavaScript than by code points. */
const EMOJI = ["👍", "❤️", "👩‍⚕️", "🙏", "🇩🇪", "☎️", "1️⃣", "😀", "🫶🏽", "⌚", "🐞", "©️", "🏳️‍🌈", "🧑🏿‍🚒"];

/** What must have added to the log at least once. */
const COMMANDS = [
  ...["send", "edit", "deletion", "reaction", "no-reaction", "start", "complete"],
  ...["announcement", "continuation", "joining", "leaving"],
];

/** What both sides answer to: a value, or the code of a refusal. */
type Answer = { value: unknown } | { refusal: ErrorCode };

/**
 * The same moment on both sides. Ids that each side makes for itself, times, epochs and the consultation's own id are
 * replaced by their meaning, so that everything else can be compared to the letter.
 */
class Names {
  readonly #names = new Map<string, string>();

  give(id: string, name: string): void {
    this.#names.set(id, name);
  }

  normalise(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((entry) => this.normalise(entry));
    if (typeof value === "string") {
      if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return "a time";
      return this.#names.get(value) ?? value;
    }
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        // How far live delivery is behind goes by the clock, and nothing is published here.
        .filter(([key]) => key !== "epoch" && key !== "push" && key !== "pushLagMs")
        .map(([key, entry]) => [key, this.normalise(entry)]),
    );
  }
}

/** System lines get their ids from the server: named by their place, which is the same on both sides. */
function nameSystemLines(names: Names, messages: readonly { id: string; seq: number; kind: string }[]): void {
  for (const { id, seq, kind } of messages) if (kind === "system") names.give(id, `line ${seq}`);
}

class Side {
  readonly names = new Names();
  epoch = "";

  async ask(run: () => unknown): Promise<Answer> {
    try {
      return { value: await run() };
    } catch (error) {
      if (error instanceof AppError) return { refusal: error.code };
      throw error;
    }
  }
}

function unwrap<T>(result: ApiResult<T>): T {
  if (result.ok) return result.value;
  if (result.failure.kind !== "refused" || result.failure.code === null) throw new Error("The model only refuses");
  throw new AppError(result.failure.code);
}

async function createSides(startsScheduled: boolean) {
  const people = [
    await createPerson("PATIENT", "Anna"),
    await createPerson("PRACTITIONER", "Dr. Weber"),
    await createPerson("INTERPRETER", "Ibrahim"),
  ];
  const stranger = await createPerson("PRACTITIONER", "Dr. Okafor");
  const consultationId = await createConsultation(people, startsScheduled ? "SCHEDULED" : "IN_PROGRESS");
  const users = await Promise.all([...people, stranger].map(userOf));
  // The positions of several people who joined in the same moment are told in the order of their ids.
  const joined = await db().participant.findMany({
    where: { consultationId },
    orderBy: [{ joinedAt: "asc" }, { userId: "asc" }],
  });
  const model = new ServerModel({
    now: () => Date.now(),
    status: startsScheduled ? "SCHEDULED" : "IN_PROGRESS",
    startedAt: null,
  });
  model.members = joined.flatMap(({ userId }) => users.filter(({ id }) => id === userId));
  return { people, stranger, users, consultationId, model };
}

async function userOf({ userId }: Person): Promise<User> {
  const { id, role, name, image } = await db().user.findUniqueOrThrow({ where: { id: userId } });
  return { id, role, name, image };
}

async function playSeed(seed: number, happened: Set<string>): Promise<number> {
  const random = new SeededRandom(seed);
  const { people, stranger, users, consultationId, model } = await createSides(seed % 3 === 0);
  const real = new Side();
  const sim = new Side();
  real.names.give(consultationId, "the consultation");
  sim.names.give(CONSULTATION_ID, "the consultation");
  const sent: { id: string; content: string; replyToId: string | null; author: number }[] = [];
  /** Commands that were given, to be given again as after an unknown outcome. */
  const given: { what: string; real: () => Promise<unknown>; model: () => unknown }[] = [];
  const relays = [randomUUID(), randomUUID()];
  // Both live: a lease of a dead one would be free after a second.
  for (const owner of relays) await db().$executeRaw`SELECT enter_relay(${owner}::uuid)`;
  const held: { real: Publication; model: Publication }[] = [];
  const history: string[] = [];

  const compare = async (what: string, onReal: () => unknown, onModel: () => unknown): Promise<void> => {
    history.push(what);
    const [a, b] = [await real.ask(onReal), await sim.ask(onModel)];
    if ("value" in a && hasEvent(a.value)) happened.add(what.split(" ")[0] ?? what);
    const lines = (answer: Answer) => JSON.stringify(answer).match(/\{[^{}]*"kind":"system"/g) ?? [];
    expect(lines(a).length, `${what}: system lines`).toBe(lines(b).length);
    for (const [side, answer] of [
      [real, a],
      [sim, b],
    ] as const) {
      nameSystemLines(side.names, messagesIn(answer));
    }
    expect(real.names.normalise(a), `seed ${seed}, ${history.length}: ${history.slice(-8).join(" | ")}`).toEqual(
      sim.names.normalise(b),
    );
  };

  /** What is done about a message, the consultation's life or who takes part, by anybody and about anything. */
  const livingCommand = (): { what: string; real: () => Promise<unknown>; model: () => unknown } => {
    const by = random.below(20) === 0 ? 3 : random.below(3);
    const [person, user] = [people[by] ?? stranger, users[by]];
    if (!user) throw new Error("There are four people");
    const target = random.pick(random.chance(0.5) ? sent.slice(-3) : sent)?.id ?? uuidV7();
    const line = random.chance(0.04) ? realLineOf(model, random.below(model.order.length)) : null;
    const about = random.chance(0.05) ? uuidV7() : target;
    const draw = random.below(100);
    if (line !== null) {
      return {
        what: `edit of a system line by ${by}`,
        real: async () => editMessage(person, await line.real(consultationId), { content: "x" }),
        model: () => unwrap(model.editMessage(user, line.model, "x")),
      };
    }
    if (draw < 22) {
      const content = random.chance(0.2) ? "the same words" : `edit ${random.below(1_000)}`;
      return {
        what: `edit of ${about} by ${by}`,
        real: () => editMessage(person, about, { content }),
        model: () => unwrap(model.editMessage(user, about, content)),
      };
    }
    if (draw < 36) {
      return {
        what: `deletion of ${about} by ${by}`,
        real: () => deleteMessage(person, about),
        model: () => unwrap(model.deleteMessage(user, about)),
      };
    }
    if (draw < 64) {
      const on = random.chance(0.75);
      const heldOf = (id: string) =>
        model.messages.get(id)?.reactions.filter(({ userIds }) => userIds.includes(user.id)) ?? [];
      const taken = on ? undefined : random.pick(sent.filter(({ id }) => heldOf(id).length > 0))?.id;
      // Mostly on one message, so that somebody comes to the end of what is allowed.
      const messageId = taken ?? (random.chance(0.6) ? (sent[0]?.id ?? about) : about);
      const emoji = (on ? undefined : random.pick(heldOf(messageId))?.emoji) ?? random.pick(EMOJI) ?? "👍";
      return {
        what: `${on ? "reaction" : "no-reaction"} ${emoji} on ${messageId} by ${by}`,
        real: () => setReaction(person, { messageId, emoji, on }),
        model: () => unwrap(model.setReaction(user, messageId, emoji, on)),
      };
    }
    if (draw < 69) {
      const options = { afterSeconds: 1 + random.below(600), closingNote: random.chance(0.5) ? "Rest well." : null };
      return {
        what: `announcement by ${by}`,
        real: () => announceCompletion(person, consultationId, options),
        model: () => unwrap(model.announce(user, { afterSeconds: options.afterSeconds, note: options.closingNote })),
      };
    }
    if (draw < 74) {
      return {
        what: `continuation by ${by}`,
        real: () => withdrawCompletion(person, consultationId),
        model: () => unwrap(model.withdraw(user)),
      };
    }
    if (draw < 77) {
      return {
        what: `cancellation by ${by}`,
        real: () => cancelConsultation(person, consultationId),
        model: () => unwrap(model.cancel(user)),
      };
    }
    const whom = random.below(5);
    const added = users[whom];
    const userId = added?.id ?? randomUUID();
    if (draw < 87) {
      return {
        what: `joining of ${whom} by ${by}`,
        real: () => addParticipant(person, consultationId, { userId }),
        model: () => unwrap(model.addParticipant(user, added ?? null)),
      };
    }
    return {
      what: `leaving of ${whom} by ${by}`,
      real: () => removeParticipant(person, consultationId, { userId }),
      model: () => unwrap(model.removeParticipant(user, userId)),
    };
  };

  for (let step = 0; step < STEPS; step += 1) {
    const index = random.below(20) === 0 ? 3 : random.below(3);
    const person = index === 3 ? stranger : people[index];
    const user = users[index];
    if (!person || !user) throw new Error("There are four people");
    if (random.chance(0.3)) {
      const {
        what,
        real: onReal,
        model: onModel,
      } = random.chance(0.15) ? (random.pick(given) ?? livingCommand()) : livingCommand();
      await compare(what, onReal, onModel);
      given.push({ what: `${what}, again`, real: onReal, model: onModel });
      continue;
    }
    const draw = random.below(100);
    if (draw < 34) {
      const quoted = random.chance(0.2) ? random.pick(sent)?.id : undefined;
      const replyToId = random.chance(0.03) ? uuidV7() : (quoted ?? null);
      const content = random.chance(0.2) ? `${"long \n text ".repeat(20)}${step}` : `text ${step}`;
      const command = { id: uuidV7(), consultationId, content, replyToId, attachmentIds: [] };
      await compare(
        `send by ${index}`,
        async () => ({ event: (await sendMessage(person, command)).event }),
        () => unwrap(model.send(user, { ...command, consultationId: CONSULTATION_ID })),
      );
      if (model.messages.has(command.id)) sent.push({ id: command.id, content, replyToId, author: index });
    } else if (draw < 44) {
      const known = random.pick(sent);
      if (!known) continue;
      const { id, replyToId, content, author } = known;
      // As it was, by its author, or not quite.
      const by = random.chance(0.75) ? author : index;
      const [byPerson, byUser] = [by === 3 ? stranger : people[by], users[by]];
      if (!byPerson || !byUser) throw new Error("There are four people");
      const command = {
        id,
        consultationId,
        content: random.chance(0.8) ? content : `${content} changed`,
        replyToId: random.chance(0.9) ? replyToId : (random.pick(sent)?.id ?? null),
        attachmentIds: [],
      };
      await compare(
        `repeat by ${by}`,
        async () => ({ event: (await sendMessage(byPerson, command)).event }),
        () => unwrap(model.send(byUser, { ...command, consultationId: CONSULTATION_ID })),
      );
    } else if (draw < 46 || (model.status === "SCHEDULED" && draw < 56)) {
      await compare(
        `start by ${index}`,
        () => startConsultation(person, consultationId),
        () => unwrap(model.start(user)),
      );
    } else if (draw < 47 || (draw < 49 && step > STEPS / 2)) {
      await compare(
        `complete by ${index}`,
        () => completeConsultation(person, consultationId, { closingNote: step % 2 === 0 ? "Drink water." : null }),
        () => unwrap(model.complete(user, null, step % 2 === 0 ? "Drink water." : null)),
      );
    } else if (draw < 50 && step > STEPS / 2) {
      // What was announced is due on both sides.
      await db().$executeRaw`UPDATE consultations SET closes_at = clock_timestamp() - interval '1 second'
        WHERE id = ${consultationId}::uuid AND closes_at IS NOT NULL`;
      model.hasten();
      await compare(
        "what is due",
        async () => {
          await completeDueConsultations();
          return null;
        },
        () => {
          model.completeDue();
          return null;
        },
      );
    } else if (draw < 60) {
      const upTo = () => random.below(model.headSeq + (random.chance(0.1) ? 4 : 1));
      const receipt = random.chance(0.5) ? { readUpToSeq: upTo() } : { deliveredUpToSeq: upTo(), readUpToSeq: upTo() };
      await compare(
        `receipt by ${index} ${JSON.stringify(receipt)}`,
        () => recordReceipt(person, consultationId, receipt),
        () => unwrap(model.receipt(user, receipt)),
      );
    } else if (draw < 68) {
      await compare(
        `snapshot by ${index}`,
        async () => {
          const snapshot = await readSnapshot(person, consultationId);
          real.epoch = snapshot.epoch;
          return { ...snapshot, consultation: { ...snapshot.consultation, subject: "Follow-up" } };
        },
        () => (model.isMember(user) ? model.readSnapshot() : unwrap(refusedAsStranger())),
      );
    } else if (draw < 78) {
      const after = random.below(model.headSeq + (random.chance(0.1) ? 3 : 1));
      const foreign = random.chance(0.08);
      const limit = random.pick([1, 7, 200]) ?? 200;
      // Its own time at `after`, which each side knows by itself, or another.
      const wrongTime = random.chance(0.1);
      const [realAt, modelAt] = await Promise.all([
        db().event.findFirst({ where: { consultationId, seq: after }, select: { at: true } }),
        model.log[after - 1]?.at ?? null,
      ]);
      const askedAt = random.chance(0.5);
      await compare(
        `events after ${after} by ${index}`,
        () =>
          readEvents(person, consultationId, {
            after,
            afterAt: askedAt ? shifted(realAt?.at.toISOString() ?? null, wrongTime) : undefined,
            epoch: foreign ? "foreign" : real.epoch || undefined,
            limit,
          }),
        () =>
          model.isMember(user)
            ? model.readEvents({
                after,
                afterAt: askedAt ? (shifted(modelAt, wrongTime) ?? null) : null,
                epoch: foreign ? "foreign" : model.epoch,
                limit,
              })
            : unwrap(refusedAsStranger()),
      );
    } else if (draw < 84) {
      const before = random.chance(0.2) ? null : 1 + random.below(model.headSeq + 1);
      const limit = random.pick([1, 5, 50]) ?? 50;
      await compare(
        `messages before ${before} by ${index}`,
        () => readMessages(person, consultationId, { before: before ?? undefined, limit }),
        () => (model.isMember(user) ? model.readMessages({ before, limit }) : unwrap(refusedAsStranger())),
      );
    } else if (draw < 88) {
      await compare(
        `list by ${index}`,
        async () => (await listConsultations(person)).map((row) => ({ ...row, subject: "Follow-up" })),
        () => model.listFor(user),
      );
    } else if (draw < 90) {
      const last = random.below(model.headSeq + 1);
      const first = last === 0 ? null : 1 + random.below(last);
      const everybody = random.chance(0.7);
      const readers = [person.userId];
      await compare(
        `notices of ${first} to ${last}`,
        async () => {
          const asked = { consultation: consultationId, first, last: first === null ? null : last, everybody, readers };
          return (await readNotices([asked])).map(inOrder);
        },
        () => [inOrder(model.noticesOf(first, first === null ? null : last, everybody, readers))],
      );
    } else if (draw < 94) {
      const owner = random.pick(relays) ?? "";
      const claim = async () =>
        (await databaseLease.claim(owner, 50, [consultationId])).filter((one) => one.consultationId === consultationId);
      const claimed: { real: Publication[]; model: Publication[] } = { real: [], model: [] };
      await compare(
        "claim",
        async () => {
          claimed.real = await claim();
          return claimed.real;
        },
        () => {
          claimed.model = model.claim(owner, 50, [CONSULTATION_ID]);
          return claimed.model;
        },
      );
      const [a, b] = [claimed.real[0], claimed.model[0]];
      if (a && b) held.push({ real: a, model: b });
    } else if (draw < 98) {
      const publication = random.pick(held.slice(-3));
      const events = publication?.model.events ?? [];
      if (!publication || events.length === 0) continue;
      const seq = events[random.below(events.length)]?.seq ?? 0;
      const next: { real: Publication["events"]; model: Publication["events"] } = { real: [], model: [] };
      await compare(
        `advance to ${seq} with fence ${publication.model.fence}`,
        async () => {
          const answer = await databaseLease.advance(publication.real, seq);
          next.real = answer.events;
          return answer;
        },
        () => {
          const answer = model.advance(publication.model.fence, seq);
          next.model = answer.events;
          return answer;
        },
      );
      held.push({
        real: { ...publication.real, events: next.real },
        model: { ...publication.model, events: next.model },
      });
    } else {
      const publication = random.pick(held.slice(-3));
      if (!publication) continue;
      await compare(
        `postpone with fence ${publication.model.fence}`,
        () => databaseLease.postpone(publication.real),
        () => model.postpone(publication.model.fence),
      );
      if (random.chance(0.5)) {
        await compare(
          "revive",
          () => databaseLease.revive(),
          () => model.revive(),
        );
      }
      // The pause is a second or more; both sides are put behind it, as time would.
      await db().$executeRaw`UPDATE publication_cursors SET lease_until = clock_timestamp() - interval '1 second'
        WHERE consultation_id = ${consultationId}::uuid AND lease_owner IS NULL AND lease_until IS NOT NULL`;
      if (model.cursor.leaseOwner === null && model.cursor.leaseUntil !== null)
        model.cursor.leaseUntil = Date.now() - 1_000;
    }
    if (step % 10 === 9) await compareCursors(consultationId, model);
  }
  return history.length;
}

/** System lines get their ids from the server, so each side has to be asked for its own. */
function realLineOf(model: ServerModel, place: number) {
  const id = model.order[place];
  const line = id === undefined ? null : model.message(id);
  if (line?.kind !== "system") return null;
  const real = async (consultationId: string) => {
    const { id } = await db().message.findFirstOrThrow({
      where: { consultationId, seq: line.seq },
      select: { id: true },
    });
    return id;
  };
  return { model: line.id, real };
}

/** Whom something is told, and of which change first, is of no meaning. */
function inOrder({ rows, written, changed, removed, consultationId }: Notices): Notices {
  const byId = (a: { messageId: string }, b: { messageId: string }) => (a.messageId < b.messageId ? -1 : 1);
  return {
    consultationId,
    rows: [...rows]
      .sort((a, b) => (a.userId < b.userId ? -1 : 1))
      .map((one) => ({ ...one, row: withSubject(one.row) })),
    written: written.map((one) => ({ ...one, tell: [...one.tell].sort() })),
    changed: changed.map((one) => ({ ...one, tell: [...one.tell].sort() })).sort(byId),
    removed: [...removed].sort(),
  };
}

function withSubject<Row extends { subject: string }>(row: Row): Row {
  return { ...row, subject: "Follow-up" };
}

async function compareCursors(consultationId: string, model: ServerModel): Promise<void> {
  const { publishedSeq, dirty, leaseFence, failures, leaseOwner, hintsOnly } =
    await db().publicationCursor.findUniqueOrThrow({
      where: { consultationId_sink: { consultationId, sink: "pusher" } },
    });
  const { cursor } = model;
  expect({ publishedSeq, dirty, leaseFence, failures, leaseOwner, hintsOnly }).toEqual({
    publishedSeq: cursor.publishedSeq,
    dirty: cursor.dirty,
    leaseFence: cursor.leaseFence,
    failures: cursor.failures,
    leaseOwner: cursor.leaseOwner,
    hintsOnly: cursor.hintsOnly,
  });
}

function hasEvent(value: unknown): boolean {
  return typeof value === "object" && value !== null && "event" in value && value.event !== null;
}

function refusedAsStranger(): ApiResult<never> {
  return { ok: false, failure: { kind: "refused", status: 404, code: "not-found", retryAfterMs: null } };
}

function shifted(at: string | null, wrong: boolean): string | undefined {
  if (at === null) return undefined;
  return wrong ? new Date(Date.parse(at) + 60_000).toISOString() : at;
}

function messagesIn(value: unknown): { id: string; seq: number; kind: string }[] {
  if (Array.isArray(value)) return value.flatMap(messagesIn);
  if (typeof value !== "object" || value === null) return [];
  const own =
    "kind" in value && "seq" in value && "id" in value ? [value as { id: string; seq: number; kind: string }] : [];
  return [...own, ...Object.values(value).flatMap(messagesIn)];
}

describe("the model of the server", () => {
  it(`SEQ1 ID1 UI3 UI4 RCV6 RCV7 A6 A7 C7 D5 E2 the simulation's server answers as the SQL does, ${SEEDS} seeds of ${STEPS} steps`, {
    timeout: 20_000 + SEEDS * 5_000,
  }, async () => {
    let compared = 0;
    const happened = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed += 1) compared += await playSeed(seed, happened);
    // A comparison of refusals alone would say little.
    expect(COMMANDS.filter((command) => !happened.has(command))).toEqual([]);
    expect(compared).toBeGreaterThan(SEEDS * STEPS * 0.85);
    console.log(`model: ${compared} answers compared with PostgreSQL over ${SEEDS} seeds`);
  });
});
