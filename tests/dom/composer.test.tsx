import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { MessageInput } from "@/components/chat/MessageInput";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";
import { Drafts } from "@/lib/browser/queue/drafts";
import type { SendResult } from "@/lib/sync/conversation-engine";
import { CONSULTATION_ID } from "@/tests/support/sim/server-model";

afterEach(cleanup);

it("D7 SND1 words that the queue takes only after their room was left are a draft no longer; what was typed behind them is", async () => {
  const drafts = new Drafts({ readDrafts: async () => new Map(), writeDraft: async () => undefined });
  let answer = (_result: SendResult) => {};
  const queued = new Promise<SendResult>((resolve) => {
    answer = resolve;
  });
  const { unmount } = render(
    <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
      <MessageInput
        {...{ consultationId: CONSULTATION_ID, formMessageId: undefined, formAction: undefined, drafts }}
        {...{ target: null, targetLost: false, typing: { typed: () => undefined, rested: () => undefined } }}
        onSend={() => queued}
        onEdit={() => expect.unreachable()}
        onLeaveTarget={() => undefined}
        onEditing={() => undefined}
        onEditLast={() => false}
      />
    </ViewpointProvider>,
  );
  const box = screen.getByRole("textbox");
  fireEvent.input(box, { target: { value: "sent" } });
  fireEvent.keyDown(box, { key: "Enter" });
  fireEvent.input(box, { target: { value: "sent and more" } });
  expect(drafts.get(CONSULTATION_ID)).toBe("sent and more");
  unmount();
  await act(async () => answer({ ok: true, id: "01900000-0000-7000-8000-000000000001" }));
  expect(drafts.get(CONSULTATION_ID)).toBe(" and more");
});

it("W9 what cannot be sent and nobody sees becomes a space where it is pasted; line ends count once", () => {
  const drafts = new Drafts({ readDrafts: async () => new Map(), writeDraft: async () => undefined });
  render(
    <ViewpointProvider locale="en" zone="UTC" renderedAt={0}>
      <MessageInput
        {...{ consultationId: CONSULTATION_ID, formMessageId: undefined, formAction: undefined, drafts }}
        {...{ target: null, targetLost: false, typing: { typed: () => undefined, rested: () => undefined } }}
        onSend={() => expect.unreachable()}
        onEdit={() => expect.unreachable()}
        onLeaveTarget={() => undefined}
        onEditing={() => undefined}
        onEditLast={() => false}
      />
    </ViewpointProvider>,
  );
  const box = screen.getByRole<HTMLTextAreaElement>("textbox");
  fireEvent.input(box, { target: { value: "5\u000710 mg\u2028daily\u001b" } });
  expect(box.value).toBe("5 10 mg\ndaily ");
  expect(drafts.get(CONSULTATION_ID)).toBe(box.value);
  fireEvent.input(box, { target: { value: `a${"\n".repeat(3_998)}b` } });
  expect(screen.getByText("0 characters left")).toBeTruthy();
});
