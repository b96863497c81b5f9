import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CompleteDialog } from "@/components/chat/CompleteDialog";
import type { FormState } from "@/components/chat/form-action";
import { KeptDraft } from "@/components/chat/KeptDraft";
import { ColleaguePicker } from "@/components/people/ColleaguePicker";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";
import { ChatClientContext } from "@/hooks/useChatClient";
import { useKeptForm } from "@/hooks/useKeptForm";
import type { ChatClient } from "@/lib/browser/create-chat-client";
import { announcedNotePlace, type Drafts, notePlace } from "@/lib/browser/queue/drafts";
import type { Parts } from "@/lib/jsx/content";
import { createDraftBrowser, draftsSettled } from "@/tests/support/draft-tabs";
import { CONSULTATION_ID, IBRAHIM, WEBER } from "@/tests/support/sim/server-model";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const NORA = { ...IBRAHIM, id: IBRAHIM.id.replace(/.$/, "9"), name: "Dr. Nora Neu" };

function within(children: Parts, drafts: Drafts = createDraftBrowser().tab("first"), forms = new Map()) {
  const client = { viewer: WEBER, drafts, forms } as unknown as ChatClient;
  return (
    <ChatClientContext value={client}>
      <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
        {children}
      </ViewpointProvider>
    </ChatClientContext>
  );
}

describe("W7 a closing note", () => {
  const note = () => screen.getByLabelText<HTMLTextAreaElement>("Closing note (optional)");
  const write = (text: string) => fireEvent.input(note(), { target: { value: text } });

  function dialog(answer: FormState, drafts?: Drafts) {
    const action = vi.fn(async (_previous: unknown, _form: FormData) => answer);
    const view = render(within(<CompleteDialog consultationId={CONSULTATION_ID} action={action} />, drafts));
    return { ...view, action, complete: () => act(async () => void fireEvent.submit(note().form as HTMLFormElement)) };
  }

  it("W7 that was announced is there again when the consultation goes on, also after a reload, and is no draft meanwhile", async () => {
    const browser = createDraftBrowser();
    const drafts = browser.tab("first");
    const first = dialog({ status: "done", id: "" }, drafts);
    write("Rest for two days.");
    await first.complete();
    expect(first.action.mock.calls[0]?.[1].get("closingNote")).toBe("Rest for two days.");
    // The end is announced: the dialog goes.
    first.unmount();
    expect([drafts.get(notePlace(CONSULTATION_ID)), drafts.get(announcedNotePlace(CONSULTATION_ID))]).toEqual([
      "",
      "Rest for two days.",
    ]);
    const second = dialog({ status: "done", id: "" }, drafts);
    await act(draftsSettled);
    expect(note().value).toBe("Rest for two days.");
    write("Rest for three days.");
    await second.complete();
    second.unmount();
    await draftsSettled();
    drafts.close();
    dialog({ status: "done", id: "" }, browser.tab("first"));
    await act(draftsSettled);
    expect(note().value).toBe("Rest for three days.");
  });

  it("W7 survives a dialog that goes away, a refusal and another room", async () => {
    const drafts = createDraftBrowser().tab("first");
    const refusal = { status: "refused", id: "", code: "unavailable", content: "" } as const;
    const first = dialog(refusal, drafts);
    write("half a note");
    await first.complete();
    expect(screen.getByRole("alert", { hidden: true })).toBeTruthy();
    expect(note().value).toBe("half a note");
    first.unmount();
    dialog(refusal, drafts);
    expect(note().value).toBe("half a note");
  });

  it("W7 R8 that was not used is told when the consultation is over, and can be thrown away", async () => {
    const browser = createDraftBrowser();
    const drafts = browser.tab("first");
    drafts.set(notePlace(CONSULTATION_ID), "half a note");
    render(within(<KeptDraft title="You were writing" place={notePlace(CONSULTATION_ID)} />, drafts));
    await act(draftsSettled);
    expect(screen.getByText("half a note")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Discard" }));
    await act(draftsSettled);
    expect(screen.queryByText("You were writing")).toBeNull();
    expect(browser.kept()).toEqual([]);
  });

  it("W7 that the log has is not told as lost, though the answer to it is not here yet, and is kept no longer", async () => {
    const browser = createDraftBrowser();
    const drafts = browser.tab("first");
    drafts.set(notePlace(CONSULTATION_ID), "Rest for two days.\r\n");
    const kept = (recorded: string | null) =>
      within(<KeptDraft title="You were writing" place={notePlace(CONSULTATION_ID)} recorded={recorded} />, drafts);
    const shown = render(kept("Other words"));
    await act(draftsSettled);
    expect(screen.getByText("Rest for two days.")).toBeTruthy();
    shown.rerender(kept("Rest for two days."));
    expect(screen.queryByText("You were writing")).toBeNull();
    await act(draftsSettled);
    expect(browser.kept()).toEqual([]);
  });
});

it("W7 a form of the list is filled in still after a visit to another page of the app", () => {
  const forms = new Map();
  function Form() {
    const [text, keep] = useKeptForm("form", "");
    return <input value={text} onChange={({ currentTarget }) => keep(currentTarget.value)} />;
  }
  const first = render(within(<Form />, undefined, forms));
  fireEvent.change(screen.getByRole("textbox"), { target: { value: "nora@praxis.example" } });
  first.unmount();
  render(within(<Form />, undefined, forms));
  expect(screen.getByRole<HTMLInputElement>("textbox").value).toBe("nora@praxis.example");
});

it("W2 colleagues who are chosen while another is being added are added too, and the list stays until the last", async () => {
  const answers: (() => void)[] = [];
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (_path: string, init: RequestInit) => {
    if (init.method === "GET") return Response.json({ users: [IBRAHIM, NORA] });
    asked.push(JSON.parse(String(init.body)).userId);
    await new Promise<void>((resolve) => answers.push(resolve));
    return Response.json({ event: null });
  });
  const added: [string, boolean][] = [];
  render(
    within(
      <ColleaguePicker
        consultationId={CONSULTATION_ID}
        present={[]}
        onAdded={({ name }, last) => added.push([name, last])}
      />,
    ),
  );
  for (const { name } of [IBRAHIM, NORA])
    fireEvent.click(await screen.findByRole("button", { name: new RegExp(name) }));
  expect(asked).toEqual([IBRAHIM.id, NORA.id]);
  for (const answer of answers) await act(async () => answer());
  await vi.waitFor(() =>
    expect(added).toEqual([
      [IBRAHIM.name, false],
      [NORA.name, true],
    ]),
  );
});
