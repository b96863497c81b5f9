import { expect, it } from "vitest";
import { isLegalMove, type MessageStatus, moveStatus } from "@/lib/core/message-status";

const ALL: readonly MessageStatus[] = ["queued", "sending", "sent", "delivered", "read", "parked"];
const UNCONFIRMED: readonly MessageStatus[] = ["queued", "sending", "parked"];

it("UI1 the way of a message is legal, and so are the detours of a bad day", () => {
  expect(
    ["sending", "sent", "delivered", "read"].reduce(
      (from, to) => moveStatus(from as MessageStatus, to as MessageStatus),
      "queued",
    ),
  ).toBe("read");
  for (const [from, to] of [
    ["sending", "queued"],
    ["sending", "parked"],
    ["queued", "parked"],
    ["parked", "queued"],
    ["queued", "sent"],
    ["parked", "sent"],
  ] as const) {
    expect(isLegalMove(from, to), `${from} -> ${to}`).toBe(true);
  }
});

it("UI1 an illegal move throws", () => {
  expect(() => moveStatus("read", "delivered")).toThrow("read -> delivered");
  expect(() => moveStatus("sent", "sending")).toThrow("sent -> sending");
});

it("UI1 what is saved never becomes unsaved again, and no status follows on itself", () => {
  for (const from of ALL) {
    expect(isLegalMove(from, from)).toBe(false);
    if (UNCONFIRMED.includes(from)) continue;
    for (const to of UNCONFIRMED) expect(isLegalMove(from, to), `${from} -> ${to}`).toBe(false);
  }
});
