import { describe, expect, it } from "vitest";
import { systemWords } from "@/components/chat/system-words";
import { filterRows } from "@/components/list/filter-rows";
import { lastWords } from "@/components/list/RowPreview";
import { fieldWords, NO_FIELDS, readFields } from "@/components/people/new-consultation";
import { invitationOf } from "@/lib/core/invitation";
import { wordsOf } from "@/lib/i18n/catalogue";
import { agoTime } from "@/lib/i18n/time";
import type { MailMode } from "@/lib/protocol/mail-mode";
import { type SystemLine, systemLineSchema } from "@/lib/protocol/message";
import { type ConsultationRow, consultationRowSchema } from "@/lib/protocol/snapshot";
import { mailMode } from "@/lib/server/mail/mail-mode";

const ID = "11111111-1111-4111-8111-111111111111";
const NOW = Date.parse("2026-11-21T12:00:00.000Z");

function row(name: string, subject: string, status: ConsultationRow["status"]): ConsultationRow {
  const person = { id: ID, role: "PATIENT", name, image: null, online: false, lastActiveAt: null };
  const at = new Date(NOW).toISOString();
  return consultationRowSchema.parse({
    ...{ id: ID, status, subject, counterpart: person, lastMessage: null, unreadCount: 0 },
    ...{ lastActivityAt: at, headSeq: 0, readUpToSeq: 0 },
  });
}

describe("the filter of the list", () => {
  const rows = [
    row("Jürgen Groß", "Rückenschmerzen", "IN_PROGRESS"),
    row("Zoë Nguyễn", "Knee pain", "SCHEDULED"),
    row("Ben", "Old things", "COMPLETED"),
    row("Ada", "Called off", "CANCELLED"),
  ];
  const names = (...args: [Parameters<typeof filterRows>[1], string]) =>
    filterRows(rows, ...args).map(({ counterpart }) => counterpart.name);

  it("C7 finds each word in name or subject, without case and accents", () => {
    expect(names("all", "jurgen GROSS")).toEqual(["Jürgen Groß"]);
    expect(names("all", "nguyen  knee")).toEqual(["Zoë Nguyễn"]);
    expect(names("all", "ben knee")).toEqual([]);
    expect(names("all", "   ")).toHaveLength(4);
  });

  it("C7 shows what is open, scheduled and finished", () => {
    expect(names("open", "")).toEqual(["Jürgen Groß"]);
    expect(names("scheduled", "")).toEqual(["Zoë Nguyễn"]);
    expect(names("finished", "")).toEqual(["Ben", "Ada"]);
    expect(names("finished", "knee")).toEqual([]);
  });
});

const OTHER_ID = "22222222-2222-4222-8222-222222222222";
const MY_ID = "33333333-3333-4333-8333-333333333333";

it("R8 C7 a preview says whose words it shows, unless they are of the one other person whose name it stands under", () => {
  const two = row("Anna", "Cough", "IN_PROGRESS");
  const three = { ...two, othersCount: 2 };
  const [at, id] = [new Date(NOW).toISOString(), "00000000-0000-7000-8000-000000000001"];
  const said = (where: ConsultationRow, senderId: string, senderName?: string) =>
    lastWords(where, { id, seq: 1, senderId, senderName, preview: "Hello", createdAt: at }, MY_ID, wordsOf("en").list);
  expect(said(two, ID, "Anna")).toBe("Hello");
  expect(said(three, ID, "Anna")).toBe("Anna: Hello");
  expect(said(three, OTHER_ID, "Dr. Okafor")).toBe("Dr. Okafor: Hello");
  // Who wrote it has left since: the name above is another's.
  expect(said(two, OTHER_ID, "Dr. Okafor")).toBe("Dr. Okafor: Hello");
  expect(said(three, MY_ID, "Dr. Weber")).toBe("You: Hello");
  expect(said({ ...two, othersCount: 0 }, ID, "Anna")).toBe("Hello");
});

it("R8 E2 who left and who was removed, who joined and who was added are told apart, in lines of any age", () => {
  const person = (id: string, name: string) => ({ id, name, role: "PRACTITIONER", image: null });
  const [okafor, weber] = [person(ID, "Dr. Okafor"), person(OTHER_ID, "Dr. Weber")];
  const line = (type: SystemLine["type"], actor: object) => systemLineSchema.parse({ type, actor, user: okafor });
  const [en, de] = [wordsOf("en"), wordsOf("de")];
  expect(systemWords(en, line("user-left", okafor))).toBe("Dr. Okafor left");
  expect(systemWords(en, line("user-left", weber))).toBe("Dr. Okafor was removed by Dr. Weber");
  expect(systemWords(de, line("user-left", weber))).toBe("Dr. Okafor wurde von Dr. Weber entfernt");
  const withdrawn = systemLineSchema.parse({ ...line("user-left", weber), invitation: "withdrawn" });
  expect(systemWords(en, withdrawn)).toBe("Dr. Weber withdrew the invitation of Dr. Okafor");
  expect(systemWords(en, line("user-joined", okafor))).toBe("Dr. Okafor joined");
  expect(systemWords(de, line("user-joined", weber))).toBe("Dr. Okafor wurde von Dr. Weber hinzugefügt");
});

it("R8 only where a mail server gets it is mail said to reach anybody; a simulated one says where it is", () => {
  for (const locale of ["de", "en"] as const) {
    const { invitation, preferences } = wordsOf(locale);
    const said = (mode: MailMode) => `${invitation.mailed[mode]("Anna")} ${preferences.mailHint[mode]}`;
    const none = locale === "en" ? /gets none.*(reaches nobody|you get none)/ : /keine.*(erreicht niemanden|keine)/;
    expect(said("smtp")).not.toMatch(none);
    expect(said("smtp")).not.toContain("/dev");
    expect(said("simulated")).toMatch(none);
    expect(said("simulated").match(/\/dev/g)).toHaveLength(2);
    expect(said("none")).toMatch(none);
    expect(said("none")).not.toContain("/dev");
  }
  const smtp = { kind: "smtp", url: "smtp://mail.example", from: { name: "", address: "a@b.example" } } as const;
  expect(mailMode({ mail: smtp, production: true })).toBe("smtp");
  expect(mailMode({ mail: { kind: "simulated" }, production: false })).toBe("simulated");
  expect(mailMode({ mail: { kind: "simulated" }, production: true })).toBe("none");
});

it("R8 an invitation is as the later reading has it, and none for good once it was accepted", () => {
  const user = { id: ID, role: "PATIENT", name: "Anna", image: null } as const;
  const [older, newer] = [1, 2].map((day) => ({ invitedAt: `2026-11-0${day}T00:00:00.000Z`, expiresAt: "x" }));
  if (!older || !newer) throw new Error("Two were made");
  const told = (invitation: typeof older | null) => ({ invitation: invitation && { ...invitation, userId: ID } });
  expect(invitationOf({ user, invitation: older }, undefined)).toBe(older);
  expect(invitationOf({ user, invitation: older }, told(newer))).toEqual(newer);
  expect(invitationOf({ user, invitation: newer }, told(older))).toBe(newer);
  expect(invitationOf({ user, invitation: older }, told(null))).toBeNull();
  expect(invitationOf({ user, invitation: null }, told(newer))).toBeNull();
});

describe("the form of a new consultation", () => {
  const filled = { ...NO_FIELDS, patientEmail: " New@Murph.Example ", subject: " Knee " };

  it("E2 reads a time of the viewer's zone, and leaves out what is empty", () => {
    const when = "2026-12-01T09:30";
    expect(readFields(ID, { ...filled, patientName: "  ", when }, NOW)).toEqual({
      command: {
        ...{ id: ID, patientEmail: "new@murph.example", patientName: null, subject: "Knee" },
        scheduledFor: new Date(2026, 11, 1, 9, 30).toISOString(),
      },
    });
  });

  it("E2 A8 names each field that is wrong, with words of its own in both languages", () => {
    const read = readFields(
      ID,
      { patientEmail: "a@x,b@y", patientName: "n".repeat(101), subject: " ", when: "2020-01-01T10:00" },
      NOW,
    );
    if (!("issues" in read)) throw new Error("It was accepted");
    expect(Object.keys(read.issues).sort()).toEqual(["patientEmail", "patientName", "scheduledFor", "subject"]);
    for (const locale of ["de", "en"] as const) {
      const words = wordsOf(locale);
      const said = Object.keys(read.issues).map((field) => fieldWords(words, field, read.issues));
      expect(new Set(said).size).toBe(4);
      expect(said).not.toContain(words.errors["validation-failed"]);
    }
    expect(readFields(ID, { ...filled, when: "soon" }, NOW)).toEqual({ issues: { scheduledFor: "invalid" } });
  });
});

it("C5 says how long ago in the viewer's language", () => {
  const view = { locale: "de", zone: "UTC", zoneKnown: true } as const;
  expect(agoTime(view, NOW - 59_000, NOW)).toBeNull();
  expect(agoTime(view, NOW + 5_000, NOW)).toBeNull();
  expect(agoTime(view, NOW - 5 * 60_000, NOW)).toBe("vor 5 Minuten");
  expect(agoTime({ ...view, locale: "en" }, NOW - 25 * 3_600_000, NOW)).toBe("yesterday");
});
