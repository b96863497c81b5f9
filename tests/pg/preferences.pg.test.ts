import { describe, expect, it } from "vitest";
import { DEFAULT_PREFERENCES } from "@/lib/protocol/preferences";
import { endSession } from "@/lib/server/accounts/sessions";
import { db } from "@/lib/server/db";
import { changePreferences, readPreferences, savedLocale } from "@/lib/server/preferences/preferences";
import { useTestRuntime } from "@/tests/support/database";
import { createPerson, fingerprint } from "@/tests/support/world";

useTestRuntime();

describe("preferences", () => {
  it("C6 are the defaults until somebody changes one, and the table's defaults are the same", async () => {
    const person = await createPerson("PATIENT");
    expect(await readPreferences(person)).toEqual(DEFAULT_PREFERENCES);
    expect(await db().preferences.count({ where: { userId: person.userId } })).toBe(0);
    expect(await changePreferences(person, {})).toEqual(DEFAULT_PREFERENCES);
    expect(await db().preferences.count({ where: { userId: person.userId } })).toBe(1);
  });

  it("C6 a change names what changes; the rest stays, and other people's are theirs", async () => {
    const [person, other] = [await createPerson("PATIENT"), await createPerson("PATIENT")];
    await changePreferences(person, { sound: false, locale: "de" });
    expect(await changePreferences(person, { mail: false })).toEqual({
      ...DEFAULT_PREFERENCES,
      sound: false,
      locale: "de",
      mail: false,
    });
    expect(await savedLocale(person.userId)).toBe("de");
    expect(await changePreferences(person, { locale: null, sound: true })).toEqual({
      ...DEFAULT_PREFERENCES,
      mail: false,
    });
    expect([await savedLocale(person.userId), await readPreferences(other)]).toEqual([null, DEFAULT_PREFERENCES]);
  });

  it("C6 two tabs that change different things at once both get their way", async () => {
    const person = await createPerson("PATIENT");
    await Promise.all([
      changePreferences(person, { sound: false }),
      changePreferences(person, { mail: false }),
      changePreferences(person, { toasts: false }),
    ]);
    expect(await readPreferences(person)).toMatchObject({ sound: false, mail: false, toasts: false });
  });

  it("ATK103 an ended session reads and changes nothing", async () => {
    const person = await createPerson("PATIENT");
    await endSession(person.sessionId);
    const before = await fingerprint();
    await expect(readPreferences(person)).rejects.toMatchObject({ code: "session-ended" });
    await expect(changePreferences(person, { mail: false })).rejects.toMatchObject({ code: "session-ended" });
    expect(await fingerprint()).toBe(before);
  });
});
