import type { Catalogue } from "@/lib/i18n/en";
import type { SystemLine } from "@/lib/protocol/message";

/** What a system line says in the viewer's language. */
export function systemWords(words: Catalogue, line: SystemLine): string {
  switch (line.type) {
    case "consultation-started":
      return words.system.started(line.actor.name);
    case "consultation-completed":
      return words.system.completed(line.actor.name);
    case "consultation-cancelled":
      return words.system.cancelled(line.actor.name);
    case "consultation-closing":
      return words.system.closing(line.actor.name);
    case "consultation-continued":
      return words.system.continued(line.actor.name);
    case "user-joined":
      return line.actor.id === line.user.id
        ? words.system.joined(line.user.name)
        : words.system.added(line.user.name, line.actor.name);
    case "user-left":
      if (line.invitation === "declined") return words.system.declined(line.user.name);
      if (line.invitation) return words.system.withdrawn(line.user.name, line.actor.name);
      return line.actor.id === line.user.id
        ? words.system.left(line.user.name)
        : words.system.removed(line.user.name, line.actor.name);
  }
}
