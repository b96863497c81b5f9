import { carriesMessages } from "@/tests/support/faults/channels-proxy";
import type { SeenStatement } from "@/tests/support/faults/postgres-proxy";
import type { Side } from "./world";

/** Of a send: the database was asked, it has answered, before its publication, after it. */
export type SendMoment = "asked" | "answered" | "before" | "after";

/**
 * Kills the app at this moment of its next send, by what is seen on its wires; where none comes, after `withinMs`.
 * Resolves when the app is gone.
 */
export function killAtSend({ app, postgres, channels }: Side, moment: SendMoment, withinMs?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const kill = async () => {
      end();
      clearTimeout(timer);
      await app.kill().then(resolve, reject);
    };
    // The process is gone before the proxy hears of it: what it had asked for must not go on by itself.
    const killAndCut = async ({ cut }: SeenStatement) => {
      await kill();
      cut();
    };
    const end =
      moment === "asked" || moment === "answered"
        ? postgres.watch({ statement: "send_message(", [moment]: killAndCut })
        : channels.onPublish({ match: carriesMessages, [moment]: kill });
    const timer = withinMs === undefined ? undefined : setTimeout(kill, withinMs);
  });
}
