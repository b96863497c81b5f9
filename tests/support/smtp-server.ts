import { once } from "node:events";
import { SMTPServer } from "smtp-server";

export interface AcceptedMail {
  to: string[];
  /** The header lines, folded ones joined. */
  headers: string[];
  body: string;
}

/** How the server answers the next mails; undefined: it takes them. */
export interface SmtpBehaviour {
  /** A code refuses this recipient. */
  recipient?(address: string): number | undefined;
  /** A code refuses the text; "cut" takes it and cuts the connection before it could say so. */
  data?(): number | "cut" | undefined;
}

export interface TestSmtpServer {
  url: string;
  port: number;
  accepted: AcceptedMail[];
  behave(behaviour: SmtpBehaviour): void;
  close(): Promise<void>;
}

/** A real mail server on loopback that keeps what it took. */
export async function startSmtpServer(port = 0): Promise<TestSmtpServer> {
  const accepted: AcceptedMail[] = [];
  let behaviour: SmtpBehaviour = {};
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    onRcptTo({ address }, _session, done) {
      done(refusal(behaviour.recipient?.(address)));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const answer = behaviour.data?.();
        if (typeof answer === "number") return done(refusal(answer));
        const [head = "", ...body] = Buffer.concat(chunks).toString("utf8").split("\r\n\r\n");
        accepted.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          headers: head.replace(/\r\n[ \t]+/g, " ").split("\r\n"),
          body: body.join("\r\n\r\n"),
        });
        if (answer === undefined) return done();
        for (const connection of server.connections) connection.close();
      });
    },
  });
  server.on("error", () => undefined);
  server.listen(port, "127.0.0.1");
  await once(server.server, "listening");
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("The mail server has no port");
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    port: address.port,
    accepted,
    behave(next) {
      behaviour = next;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function refusal(code: number | undefined): Error | null {
  return code === undefined ? null : Object.assign(new Error("refused by the test"), { responseCode: code });
}
