import { describe, expect, it } from "vitest";
import { allowedActions, lastEditable, quoteOf, shownContent } from "@/components/chat/message-actions";
import { anna, changed, said, unsent, weber } from "./timeline-item";

const sentAt = Date.parse("2026-11-21T10:00:00.000Z");
const open = { writable: true, editWindowMs: 900_000, now: sentAt + 60_000 };

describe("what may be done with a message", () => {
  it("A6 D5 own words can be changed within the window, those of others never", () => {
    expect(allowedActions(said(1, anna), open)).toEqual(["react", "reply", "copy", "edit", "delete"]);
    expect(allowedActions(said(1, weber), open)).toEqual(["react", "reply", "copy"]);
    expect(allowedActions(said(1, anna), { ...open, now: sentAt + 899_999 })).toContain("edit");
    expect(allowedActions(said(1, anna), { ...open, now: sentAt + 900_000 })).toEqual(["react", "reply", "copy"]);
  });

  it("A6 F20 while the server's time is not known the server decides, whatever this clock says", () => {
    expect(allowedActions(said(1, anna), { ...open, now: null })).toContain("delete");
  });

  it("A1 UI3 where nothing can be written there is only copying", () => {
    expect(allowedActions(said(1, anna), { ...open, writable: false })).toEqual(["copy"]);
  });

  it("A6 a tombstone and a system line offer nothing", () => {
    expect(allowedActions(said(1, anna, { content: null }), open)).toEqual([]);
    expect(allowedActions(said(1, weber, { kind: "system", content: null }), open)).toEqual([]);
  });

  it("A6 an edit on its way can be edited again, a deletion on its way ends it, a refused change asks first", () => {
    const message = said(1, anna);
    expect(allowedActions(changed(message, { content: "y" }), open)).toContain("edit");
    expect(allowedActions(changed(message, { kind: "delete" }), open)).toEqual(["copy"]);
    expect(allowedActions(changed(message, { state: "parked" }), open)).toEqual(["react", "reply", "copy"]);
  });

  it("SND1 what waits to be sent can be changed and taken back; what was refused has buttons of its own", () => {
    expect(allowedActions(unsent("u"), open)).toEqual(["copy", "edit", "delete"]);
    expect(allowedActions(changed(unsent("u"), { kind: "delete" }), open)).toEqual([]);
    expect(allowedActions(unsent("u", "parked"), open)).toEqual([]);
  });

  it("A6 ArrowUp edits the last own message, and nothing before it once that is too old or deleted", () => {
    const items = [said(1, anna), said(2, anna), said(3, weber)];
    expect(lastEditable(items, open)?.key).toBe("m2");
    expect(lastEditable([said(1, anna), said(2, anna, { content: null })], open)?.key).toBe("m1");
    expect(lastEditable(items, { ...open, now: sentAt + 900_000 })).toBeNull();
    expect(lastEditable([said(3, weber)], open)).toBeNull();
    // Just sent and still on its way: never the one before it instead.
    expect(lastEditable([...items, unsent("u")], open)?.key).toBe("u");
    expect(lastEditable([...items, unsent("u", "parked")], open)).toBeNull();
  });
});

describe("what is shown of a message", () => {
  it("A6 the words of an edit on its way stand there at once; a tombstone has none, and no quote", () => {
    const message = said(1, anna, { content: "old" });
    expect(shownContent(changed(message, { content: "new" }))).toBe("new");
    expect(shownContent(changed(message, { kind: "delete" }))).toBe("old");
    const deleted = changed(said(1, anna, { content: null }), { content: "new" });
    expect(shownContent(deleted)).toBeNull();
  });

  it("D5 ATK104 a quote is of confirmed and unsent messages alike, and gone with its message", () => {
    const replyTo = { id: "m1", seq: 1, senderName: "Weber", excerpt: null };
    expect(quoteOf(said(2, anna, { replyTo }))).toEqual(replyTo);
    expect(quoteOf(said(2, anna, { replyTo, content: null }))).toBeNull();
    const waiting = unsent("u");
    expect(quoteOf(waiting)).toBeNull();
    expect(quoteOf({ ...waiting, pending: waiting.pending && { ...waiting.pending, replyTo } })).toEqual(replyTo);
  });
});
