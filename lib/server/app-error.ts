import "server-only";
import { ERROR_STATUS, type ErrorBody, type ErrorCode } from "@/lib/protocol/errors";

/** What the user reads. One sentence each: what happened and, where there is something, what to do. */
const USER_MESSAGES: Record<"en" | "de", Record<ErrorCode, string>> = {
  en: {
    "malformed-request": "The request is malformed.",
    "invalid-json": "The request body is not valid JSON.",
    unauthenticated: "Please sign in.",
    "session-ended": "Your session has ended. Please sign in again.",
    "signature-invalid": "The signature is missing or wrong.",
    "origin-not-allowed": "This request did not come from this site.",
    "channel-not-allowed": "You may not listen to this channel.",
    "not-allowed": "You may not do this.",
    "not-found": "This does not exist or is not yours.",
    "method-not-allowed": "This method is not available here.",
    "id-conflict": "This id already stands for something else.",
    "consultation-not-in-progress": "Messages can be sent only while the consultation is in progress.",
    "consultation-state": "The consultation is in a state that does not allow this.",
    "invitation-closed": "There is no invitation here that is still open.",
    "message-deleted": "This message was deleted.",
    "edit-window-closed": "The time for changing this message is over.",
    "payload-too-large": "The request is too large.",
    "unsupported-media-type": "This content type is not supported here.",
    "validation-failed": "Some of the input is not valid.",
    "rate-limited": "Too many requests. Please try again in a moment.",
    "internal-error": "Something went wrong. Please try again.",
    unavailable: "Murph is not available just now. Please try again in a moment.",
  },
  de: {
    "malformed-request": "Die Anfrage ist fehlerhaft.",
    "invalid-json": "Der Inhalt der Anfrage ist kein gültiges JSON.",
    unauthenticated: "Bitte melden Sie sich an.",
    "session-ended": "Ihre Sitzung ist beendet. Bitte melden Sie sich erneut an.",
    "signature-invalid": "Die Signatur fehlt oder ist falsch.",
    "origin-not-allowed": "Diese Anfrage kam nicht von dieser Seite.",
    "channel-not-allowed": "Sie dürfen diesen Kanal nicht hören.",
    "not-allowed": "Das dürfen Sie nicht.",
    "not-found": "Das gibt es nicht oder es gehört nicht Ihnen.",
    "method-not-allowed": "Diese Methode gibt es hier nicht.",
    "id-conflict": "Diese Kennung steht bereits für etwas anderes.",
    "consultation-not-in-progress": "Nachrichten sind nur während der laufenden Sprechstunde möglich.",
    "consultation-state": "Der Stand der Sprechstunde erlaubt das nicht.",
    "invitation-closed": "Hier ist keine Einladung mehr offen.",
    "message-deleted": "Diese Nachricht wurde gelöscht.",
    "edit-window-closed": "Diese Nachricht lässt sich nicht mehr ändern.",
    "payload-too-large": "Die Anfrage ist zu groß.",
    "unsupported-media-type": "Dieser Inhaltstyp wird hier nicht angenommen.",
    "validation-failed": "Ein Teil der Eingabe ist nicht gültig.",
    "rate-limited": "Zu viele Anfragen. Bitte versuchen Sie es gleich noch einmal.",
    "internal-error": "Etwas ist schiefgegangen. Bitte versuchen Sie es noch einmal.",
    unavailable: "Murph ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.",
  },
};

/** Where a field's refusal has words of its own. */
const FIELD_MESSAGES: Record<"en" | "de", Record<string, string>> = {
  en: {
    "mixed-scripts": "Letters of different alphabets are mixed. Please write each name and word in one alphabet.",
    "not-in-names": "Names are written with letters, spaces, hyphens, dots and apostrophes.",
  },
  de: {
    "mixed-scripts": "Buchstaben verschiedener Schriften sind gemischt. Bitte schreiben Sie in einer Schrift.",
    "not-in-names": "Namen schreibt man mit Buchstaben, Leerzeichen, Bindestrichen, Punkten und Apostrophen.",
  },
};

const MARK = Symbol.for("murph app error");

export type MessageLanguage = keyof typeof USER_MESSAGES;

/**
 * A refusal that the client may know of. Thrown anywhere below a route or an action, translated once, there. Bundlers load
 * several copies of this module into one process, and what is kept for all of them throws its own copy's: they are known
 * by a mark.
 */
export class AppError extends Error {
  static override [Symbol.hasInstance](error: unknown): boolean {
    return typeof error === "object" && error !== null && MARK in error;
  }

  readonly [MARK] = true;
  override name = "AppError";
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, options: { details?: Record<string, unknown>; retryAfterSeconds?: number } = {}) {
    super(code);
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }

  toBody(language: MessageLanguage = "en"): ErrorBody {
    const reasons = new Set(Object.values(this.details.fields ?? {}));
    const [reason] = reasons.size === 1 ? reasons : [];
    const message = FIELD_MESSAGES[language][String(reason)] ?? USER_MESSAGES[language][this.code];
    return { error: { code: this.code, message, details: this.details } };
  }
}

/** The database is away, or too slow. When to come back differs a little, so that not all come at once. */
export function unavailable(): AppError {
  return new AppError("unavailable", { retryAfterSeconds: 1 + Math.floor(Math.random() * 2) });
}
