import { expect, it, onTestFinished } from "vitest";
import { killAtSend } from "@/tests/chaos/kill-at-send";
import { numbered, saved, untilConnection, useFaultStack, writeAll } from "@/tests/support/fault-stack";

const stack = useFaultStack();
const { openBoth, expectAgreement, textsIn } = stack;

async function rowsAndCursor(room: string) {
  const [row] = await stack.world.database.query<{ rows: number; head: number; published: number }>(
    `SELECT (SELECT count(*)::int FROM messages WHERE consultation_id = $1) AS rows,
       (SELECT head_seq FROM consultation_heads WHERE consultation_id = $1) AS head,
       (SELECT published_seq FROM publication_cursors WHERE consultation_id = $1 AND sink = 'pusher') AS published`,
    [room],
  );
  return row;
}

let together: ReturnType<typeof openBoth> | null = null;

it.each([
  ["F13 killed before the commit: no row yet", "asked", 1, 0],
  ["F14 killed after the commit, before the answer: the repeat is told of the same row", "answered", 2, 2],
  ["F12 killed between commit and publish: the event is published afterwards", "before", 3, 3],
  ["F12 killed after the publish, before the cursor moved: published twice, shown once", "after", 4, 4],
] as const)("%s, in the end one row, sent, and once on either screen", async (_name, moment, number, rows) => {
  together ??= openBoth({ keep: true });
  const { room, ann, web } = await together;
  onTestFinished(() => ann.side.app.start());
  const killed = killAtSend(ann.side, moment);
  await writeAll(ann, numbered("ann", number, number));
  await killed;
  expect((await rowsAndCursor(room))?.rows).toBe(rows);
  await ann.side.app.start();
  await saved(ann, `ann-${number} words`);
  await saved(web, `ann-${number} words`, 40_000);
  await expectAgreement([ann, web], numbered("ann", 1, number));
  await expect.poll(async () => (await rowsAndCursor(room))?.published, { timeout: 20_000 }).toBe(number);
});

it("F15 without PostgreSQL each send is 503 with Retry-After, the words wait in sight, and all leave in their order", async () => {
  const { room, ann, web } = await openBoth();
  await writeAll(ann, numbered("ann", 1, 3));
  await saved(web, "ann-3 words");
  const answers: { status: number; retryAfter: number }[] = [];
  ann.page.on("response", (response) => {
    if (response.request().method() !== "POST" || !response.url().endsWith("/api/nachrichten")) return;
    answers.push({ status: response.status(), retryAfter: Number(response.headers()["retry-after"]) });
  });
  const ends = stack.world.sides.map(({ postgres }) => postgres.refuse());
  await Promise.all([writeAll(ann, numbered("ann", 4, 12)), writeAll(web, numbered("web", 1, 9))]);
  await expect.poll(() => answers.length, { timeout: 15_000 }).toBeGreaterThan(0);
  expect(answers.filter(({ status, retryAfter }) => status !== 503 || !(retryAfter > 0))).toEqual([]);
  const waiting = ann.page.locator('[role="log"] article:not([data-seq])');
  expect(await waiting.count()).toBe(9);
  expect(await textsIn(room)).toHaveLength(3);
  for (const end of ends) end();
  await saved(ann, "ann-12 words");
  await expectAgreement([ann, web], [...numbered("ann", 1, 12), ...numbered("web", 1, 9)]);
});

it("F16 the same app processes go on after PostgreSQL was killed three times under load", async () => {
  const { ann, web } = await openBoth();
  for (let round = 0; round < 3; round++) {
    const first = round * 4 + 1;
    await writeAll(ann, numbered("ann", first, first + 1));
    await stack.world.postgres.kill();
    await Promise.all([
      writeAll(ann, numbered("ann", first + 2, first + 3)),
      writeAll(web, numbered("web", round + 1, round + 1)),
    ]);
    const started = performance.now();
    await stack.world.postgres.start();
    await saved(ann, `ann-${first + 3} words`);
    console.log(`F16 sent again ${Math.round(performance.now() - started)} ms after the start of PostgreSQL`);
  }
  await expectAgreement([ann, web], [...numbered("ann", 1, 12), ...numbered("web", 1, 3)]);
  for (const { page } of [ann, web]) await untilConnection(page, "live");
  expect(stack.world.sides.every(({ app }) => app.running())).toBe(true);
});

it("F19 two people who write 100 messages each at once see one order", async () => {
  const { ann, web } = await openBoth();
  const words = [numbered("ann", 1, 100), numbered("web", 1, 100)] as const;
  await Promise.all([writeAll(ann, words[0]), writeAll(web, words[1])]);
  // A hundred sends of each, one after the other: how long that takes is the machine's.
  await expect.poll(() => stack.textsIn(ann.room), { timeout: 90_000 }).toHaveLength(200);
  await expectAgreement([ann, web], words.flat());
}, 240_000);
