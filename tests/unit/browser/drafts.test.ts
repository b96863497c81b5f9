import { describe, expect, it } from "vitest";
import { editPlace } from "@/lib/browser/queue/drafts";
import { createDraftBrowser, draftsSettled } from "@/tests/support/draft-tabs";

const ROOM = "room";
const OTHER = "other";

async function oneDraftInTwoTabs(text: string) {
  const browser = createDraftBrowser();
  const first = browser.tab("first");
  first.set(ROOM, text);
  await draftsSettled();
  const second = browser.tab("second");
  await second.open(ROOM);
  expect(second.get(ROOM)).toBe(text);
  return { browser, first, second };
}

describe("W3 one draft in two tabs", () => {
  it.each(["first", "second"] as const)(
    "W3 sent in the %s, it stands in neither, and nothing is kept of it",
    async (sender) => {
      const { browser, ...tabs } = await oneDraftInTwoTabs("one draft");
      const other = sender === "first" ? tabs.second : tabs.first;
      const departure = tabs[sender].depart(ROOM);
      expect(departure.text).toBe("one draft");
      await draftsSettled();
      expect(other.get(ROOM)).toBe("");
      expect(browser.kept()).toEqual(["one draft"]);
      expect(departure.taken()).toBe(true);
      await draftsSettled();
      expect([tabs.first.get(ROOM), tabs.second.get(ROOM)]).toEqual(["", ""]);
      expect(browser.kept()).toEqual([]);
    },
  );

  it("W3 follows whoever writes on, back and forth, and is sent once", async () => {
    const { browser, first, second } = await oneDraftInTwoTabs("Take");
    second.set(ROOM, "Take 5");
    await draftsSettled();
    expect(first.get(ROOM)).toBe("Take 5");
    first.set(ROOM, "Take 5 mg");
    await draftsSettled();
    expect(second.get(ROOM)).toBe("Take 5 mg");
    expect(browser.kept()).toEqual(["Take 5 mg"]);
    second.depart(ROOM).taken();
    await draftsSettled();
    expect([first.get(ROOM), second.get(ROOM), browser.kept()]).toEqual(["", "", []]);
  });

  it("W3 stays where it was begun when the other tab writes something else instead, also after a reload of both", async () => {
    const { browser, first, second } = await oneDraftInTwoTabs("about the knee");
    second.set(ROOM, "about the ear");
    await draftsSettled();
    expect(first.get(ROOM)).toBe("about the knee");
    second.depart(ROOM).taken();
    await draftsSettled();
    expect([first.get(ROOM), second.get(ROOM), browser.kept()]).toEqual(["about the knee", "", ["about the knee"]]);
  });

  it("W3 cleared in the tab that shows it is not cleared in the one that has it", async () => {
    const { browser, first, second } = await oneDraftInTwoTabs("one draft");
    second.set(ROOM, "");
    await draftsSettled();
    expect([first.get(ROOM), browser.kept()]).toEqual(["one draft", ["one draft"]]);
  });

  it("W3 that the queue did not take stands there as before", async () => {
    const { browser, first } = await oneDraftInTwoTabs("refused");
    first.depart(ROOM).back();
    await draftsSettled();
    expect([first.get(ROOM), first.rest(ROOM), browser.kept()]).toEqual(["refused", "refused", ["refused"]]);
  });
});

describe("W3 two drafts in two tabs", () => {
  async function twoDrafts() {
    const browser = createDraftBrowser();
    const [first, second] = [browser.tab("first"), browser.tab("second")];
    await Promise.all([first.open(ROOM), second.open(ROOM)]);
    first.set(ROOM, "from the first");
    second.set(ROOM, "from the second");
    await draftsSettled();
    expect([first.get(ROOM), second.get(ROOM)]).toEqual(["from the first", "from the second"]);
    return { browser, first, second };
  }

  it("W3 each is there after a reload, of one tab or of both", async () => {
    const { browser, first, second } = await twoDrafts();
    first.close();
    const again = browser.tab("first");
    await again.open(ROOM);
    expect(again.get(ROOM)).toBe("from the first");
    second.close();
    const secondAgain = browser.tab("second");
    await secondAgain.open(ROOM);
    expect(secondAgain.get(ROOM)).toBe("from the second");
    again.depart(ROOM).taken();
    await draftsSettled();
    expect(secondAgain.get(ROOM)).toBe("from the second");
    expect(browser.kept()).toEqual(["from the second"]);
  });

  it("W3 both tabs reloaded at the same moment give back what each had", async () => {
    const { browser, first, second } = await twoDrafts();
    first.close();
    second.close();
    const again = browser.tab("first");
    await again.open(ROOM);
    // The other one is gone, as far as this tab can tell: its words are shown too, and stay its own.
    expect(again.get(ROOM)).toBe("from the second\nfrom the first");
    const secondAgain = browser.tab("second");
    await secondAgain.open(ROOM);
    secondAgain.set(ROOM, "from the second, and more");
    await draftsSettled();
    expect(again.get(ROOM)).toBe("from the first");
    expect(secondAgain.get(ROOM)).toBe("from the second, and more");
  });

  it("W3 what a closed tab left stands with the words of the tab that opens the room next, and is kept once", async () => {
    const { browser, first, second } = await twoDrafts();
    first.close();
    second.close();
    const third = browser.tab("third");
    await third.open(ROOM);
    expect(third.get(ROOM)).toBe("from the first\nfrom the second");
    third.set(ROOM, `${third.get(ROOM)}, and the third`);
    await draftsSettled();
    expect(browser.kept()).toEqual(["from the first\nfrom the second, and the third"]);
  });

  it("W3 a list in any tab tells the drafts of all of them, as they are now", async () => {
    const { first, second } = await twoDrafts();
    const watcher = createDraftBrowser().tab("nobody");
    expect(watcher.unsent()).toEqual(new Map());
    await first.load();
    expect(first.unsent().get(ROOM)).toBe("from the second\nfrom the first");
    let told = 0;
    first.subscribe(() => {
      told += 1;
    });
    second.depart(ROOM).taken();
    await draftsSettled();
    expect(told).toBeGreaterThan(0);
    expect(first.unsent().get(ROOM)).toBe("from the first");
    second.set(OTHER, "begun elsewhere");
    await draftsSettled();
    expect(first.unsent().get(OTHER)).toBe("begun elsewhere");
  });

  it("W3 words that the store refuses are not taken for sent by a word from another tab", async () => {
    const { browser, first, second } = await twoDrafts();
    browser.refuse(true);
    first.set(ROOM, "only here");
    await draftsSettled();
    browser.refuse(false);
    second.set(ROOM, "from the second again");
    await draftsSettled();
    expect(first.get(ROOM)).toBe("only here");
    expect(first.inMemoryOnly()).toBe(true);
  });
});

describe("W4 a draft that was not loaded yet", () => {
  it("W4 is not overwritten by what is typed first: both stand there, in this order, and are kept", async () => {
    const browser = createDraftBrowser();
    const before = browser.tab("first");
    before.set(ROOM, "stored before");
    await draftsSettled();
    before.close();
    const release = browser.holdReading();
    const after = browser.tab("first");
    const opening = after.open(ROOM);
    after.set(ROOM, "typed");
    after.set(ROOM, "typed first");
    release();
    await opening;
    expect(after.get(ROOM)).toBe("stored before\ntyped first");
    await draftsSettled();
    expect(browser.kept()).toEqual(["stored before\ntyped first"]);
  });

  it("W4 comes when what was typed first is on its way already", async () => {
    const browser = createDraftBrowser();
    const before = browser.tab("first");
    before.set(ROOM, "stored before");
    await draftsSettled();
    before.close();
    const release = browser.holdReading();
    const after = browser.tab("first");
    const opening = after.open(ROOM);
    after.set(ROOM, "quick");
    const departure = after.depart(ROOM);
    after.set(ROOM, "quick more");
    release();
    await opening;
    expect(departure.text).toBe("quick");
    expect(after.rest(ROOM)).toBe("stored before\n more");
    departure.taken();
    await draftsSettled();
    expect(after.get(ROOM)).toBe("stored before\n more");
    expect(browser.kept()).toEqual(["stored before\n more"]);
  });

  it("W4 D7 an edit that a page did not finish comes back once, and not from a tab that is still at it", async () => {
    const browser = createDraftBrowser();
    const first = browser.tab("first");
    first.set(editPlace(ROOM), "half an edit");
    await draftsSettled();
    expect(await browser.tab("second").recover(editPlace(ROOM))).toBe("");
    first.close();
    const again = browser.tab("first");
    expect(await again.recover(editPlace(ROOM))).toBe("half an edit");
    await draftsSettled();
    expect(browser.kept()).toEqual([]);
    expect(await browser.tab("third").recover(editPlace(ROOM))).toBe("");
  });
});

describe("W2 words on their way into the queue", () => {
  it("W2 SND1 stand there until they are taken, each by itself, with what was typed behind them", () => {
    const drafts = createDraftBrowser().tab("first");
    drafts.set(ROOM, "ja");
    const ja = drafts.depart(ROOM);
    drafts.set(ROOM, "jaok");
    const ok = drafts.depart(ROOM);
    drafts.set(ROOM, "jaokno");
    expect([ja.text, ok.text, drafts.rest(ROOM)]).toEqual(["ja", "ok", "no"]);
    ja.taken();
    expect(drafts.get(ROOM)).toBe("okno");
    ok.taken();
    expect(drafts.get(ROOM)).toBe("no");
  });

  it("W2 that are changed meanwhile are new words: nothing is cut off them", () => {
    const drafts = createDraftBrowser().tab("first");
    drafts.set(ROOM, "line 1");
    const departure = drafts.depart(ROOM);
    drafts.detach(ROOM);
    drafts.set(ROOM, "line 10");
    expect(drafts.rest(ROOM)).toBe("line 10");
    expect(departure.taken()).toBe(false);
    expect(drafts.get(ROOM)).toBe("line 10");
  });
});

it("R8 a draft that is discarded is gone in every tab and from the store", async () => {
  const { browser, first, second } = await oneDraftInTwoTabs("too late");
  await second.discard(ROOM);
  await draftsSettled();
  expect([first.get(ROOM), second.get(ROOM), browser.kept()]).toEqual(["", "", []]);
  expect(await first.load()).toEqual(new Map());
});
