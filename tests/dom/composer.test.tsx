import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, describe, expect, it } from "vitest";
import { MessageInput } from "@/components/chat/MessageInput";
import type { ComposerTarget } from "@/components/chat/useComposerTarget";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";
import type { Drafts } from "@/lib/browser/queue/drafts";
import type { ChangeResult, SendResult } from "@/lib/sync/conversation-engine";
import { createDraftBrowser, draftsSettled } from "@/tests/support/draft-tabs";
import { CONSULTATION_ID } from "@/tests/support/sim/server-model";

afterEach(cleanup);

const ID = "01900000-0000-7000-8000-000000000001";
const REPLY: ComposerTarget = { kind: "reply", id: ID, own: false, senderName: "Ben", excerpt: "old words" };
const EDIT: ComposerTarget = { kind: "edit", id: ID, content: "old words" };

/** A composer over a queue that takes things only when it is told to, in their order. */
function compose(initial: ComposerTarget | null = null, drafts: Drafts = createDraftBrowser().tab("first")) {
  const asked: string[] = [];
  const waiting: ((result: SendResult & ChangeResult) => void)[] = [];
  let choose = (_target: ComposerTarget | null) => {};
  const queued = (what: string) => {
    asked.push(what);
    return new Promise<SendResult & ChangeResult>((resolve) => waiting.push(resolve));
  };
  function Composer() {
    const [target, setTarget] = useState(initial);
    choose = setTarget;
    return (
      <MessageInput
        {...{ consultationId: CONSULTATION_ID, formMessageId: undefined, formAction: undefined, drafts, target }}
        typing={{ typed: () => undefined, rested: () => undefined }}
        onSend={(text, replyToId) => queued(replyToId ? `${text} -> reply` : text)}
        onEdit={(_id, text) => queued(`${text} -> edit`)}
        onLeaveTarget={() => setTarget(null)}
        onEditLast={() => false}
      />
    );
  }
  const view = render(
    <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
      <Composer />
    </ViewpointProvider>,
  );
  const box = () => screen.getByRole<HTMLTextAreaElement>("textbox");
  return {
    ...view,
    drafts,
    asked,
    box,
    choose: (target: ComposerTarget | null) => act(() => choose(target)),
    type: (text: string) => fireEvent.input(box(), { target: { value: box().value + text } }),
    enter: (held = false) => fireEvent.keyDown(box(), { key: "Enter", repeat: held }),
    take: () => act(async () => waiting.shift()?.({ ok: true, id: ID })),
    refuse: () => act(async () => waiting.shift()?.({ ok: false, reason: "invalid", issue: "too-long" })),
  };
}

it("D7 SND1 words that the queue takes only after their room was left are a draft no longer; what was typed behind them is", async () => {
  const { type, enter, take, unmount, drafts } = compose();
  type("sent");
  enter();
  type(" and more");
  expect(drafts.get(CONSULTATION_ID)).toBe("sent and more");
  unmount();
  await take();
  expect(drafts.get(CONSULTATION_ID)).toBe(" and more");
});

it("W9 what cannot be sent and nobody sees becomes a space where it is pasted; line ends count once", () => {
  const { box, drafts } = compose();
  fireEvent.input(box(), { target: { value: "5\u000710 mg\u2028daily\u001b" } });
  expect(box().value).toBe("5 10 mg\ndaily ");
  expect(drafts.get(CONSULTATION_ID)).toBe(box().value);
  fireEvent.input(box(), { target: { value: `a${"\n".repeat(3_998)}b` } });
  expect(screen.getByText("0 characters left")).toBeTruthy();
});

describe("W2 Enter while earlier words are on their way into the queue", () => {
  it("W2 SND1 sends each as its own message, in order, and the field has it until the queue does", async () => {
    const { type, enter, take, asked, box } = compose();
    for (const word of ["ja", "ok", "no", "hm"]) {
      type(word);
      enter();
    }
    expect(asked).toEqual(["ja", "ok", "no", "hm"]);
    expect(box().value).toBe("jaoknohm");
    for (const left of ["oknohm", "nohm", "hm", ""]) {
      await take();
      expect(box().value).toBe(left);
    }
  });

  it("W2 R8 once more says nothing again, and neither does a key that is held, on the field or on the button", async () => {
    const { type, enter, take, asked } = compose();
    type("once");
    enter();
    enter();
    await take();
    for (let repeat = 0; repeat < 3; repeat += 1) {
      enter(true);
      expect(fireEvent.keyDown(screen.getByRole("button"), { key: "Enter", repeat: true })).toBe(false);
    }
    type("typed on");
    enter(true);
    expect(asked).toEqual(["once"]);
    expect(screen.queryByRole("alert")).toBeNull();
    // A line break that is held is meant.
    expect(fireEvent.keyDown(screen.getByRole("textbox"), { key: "Enter", shiftKey: true, repeat: true })).toBe(true);
  });

  it("W2 words that are replaced meanwhile are sent whole, though they begin the same", async () => {
    const { type, enter, take, asked, box } = compose();
    type("line 1");
    enter();
    box().setSelectionRange(0, box().value.length);
    fireEvent(box(), new InputEvent("beforeinput", { bubbles: true, inputType: "insertText", data: "line 10" }));
    fireEvent.input(box(), { target: { value: "line 10" } });
    enter();
    expect(asked).toEqual(["line 1", "line 10"]);
    await take();
    expect(box().value).toBe("line 10");
    await take();
    expect(box().value).toBe("");
  });

  it("W2 leaves an input method's words alone until it is done with them", async () => {
    const { type, enter, take, asked, box, drafts } = compose();
    type("sent");
    enter();
    fireEvent.compositionStart(box());
    type("か");
    await take();
    expect(box().value).toBe("sentか");
    expect(drafts.get(CONSULTATION_ID)).toBe("か");
    fireEvent.input(box(), { target: { value: "sentかな" } });
    fireEvent.compositionEnd(box());
    expect(box().value).toBe("かな");
    enter();
    expect(asked).toEqual(["sent", "かな"]);
  });

  it("W2 a room that is left and opened again meanwhile does not send them again", async () => {
    const drafts = createDraftBrowser().tab("first");
    const first = compose(null, drafts);
    first.type("once");
    first.enter();
    first.unmount();
    const again = compose(null, drafts);
    expect(again.box().value).toBe("once");
    again.enter();
    await first.take();
    expect(again.box().value).toBe("");
    expect([first.asked, again.asked]).toEqual([["once"], []]);
  });

  it("W2 only the first is the reply; a target that is chosen meanwhile stays", async () => {
    const { type, enter, take, asked, choose } = compose(REPLY);
    type("yes");
    enter();
    type("by the way");
    enter();
    expect(asked).toEqual(["yes -> reply", "by the way"]);
    const other: ComposerTarget = { ...REPLY, id: ID.replace(/1$/, "2"), senderName: "Nora" };
    await choose(other);
    await take();
    await take();
    expect(screen.getByText(/Nora/)).toBeTruthy();
  });

  it("W2 words typed behind an edit on its way are not lost with it", async () => {
    const { type, enter, take, asked, box } = compose(EDIT);
    fireEvent.input(box(), { target: { value: "new words" } });
    enter();
    type("next thought");
    await take();
    expect(asked).toEqual(["new words -> edit"]);
    expect(box().value).toBe("next thought");
    enter();
    expect(asked).toEqual(["new words -> edit", "next thought"]);
  });

  it("W2 what the queue refuses stands there with the reason, and can be sent again", async () => {
    const { type, enter, refuse, asked, box } = compose();
    type("refused");
    enter();
    await refuse();
    expect(box().value).toBe("refused");
    expect(screen.getByRole("alert")).toBeTruthy();
    enter();
    expect(asked).toEqual(["refused", "refused"]);
  });
});

describe("W3 W4 words from elsewhere", () => {
  it("W3 that are sent in another tab leave this field, and Enter sends nothing", async () => {
    const browser = createDraftBrowser();
    const other = browser.tab("other");
    other.set(CONSULTATION_ID, "one draft");
    const { box, enter, asked } = compose(null, browser.tab("first"));
    await act(draftsSettled);
    expect(box().value).toBe("one draft");
    await act(async () => {
      other.depart(CONSULTATION_ID);
      await draftsSettled();
    });
    expect(box().value).toBe("");
    enter();
    expect(asked).toEqual([]);
  });

  it("W4 stored before stand above what was typed first", async () => {
    const browser = createDraftBrowser();
    const before = browser.tab("first");
    before.set(CONSULTATION_ID, "stored");
    await draftsSettled();
    before.close();
    const release = browser.holdReading();
    const { type, box, drafts } = compose(null, browser.tab("first"));
    type("typed first");
    await act(async () => {
      release();
      await draftsSettled();
    });
    expect(box().value).toBe("stored\ntyped first");
    expect(drafts.get(CONSULTATION_ID)).toBe("stored\ntyped first");
  });

  it("W7 of an edit that another target interrupts, or a page that ended, come back with the draft; Escape drops them", async () => {
    const browser = createDraftBrowser();
    const { type, choose, box, unmount, drafts } = compose(EDIT, browser.tab("first"));
    type(", and more");
    await choose(REPLY);
    expect(box().value).toBe("old words, and more");
    await choose(EDIT);
    type(", dropped");
    fireEvent.keyDown(box(), { key: "Escape" });
    expect(box().value).toBe("old words, and more");
    await choose(EDIT);
    await choose(null);
    expect(box().value).toBe("old words, and more");
    unmount();
    drafts.close();
    expect(browser.kept()).toEqual(["old words, and more"]);
  });
});
