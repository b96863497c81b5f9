import { createServer, type Server } from "node:net";

/** PostgreSQL's and the Channels server's of a data folder that has no other (lib/embedded, lib/boot/channels). */
const DEFAULT_PORTS = [54_329, 54_330];

/**
 * Every fresh data folder asks for the same two ports and takes any other where they are in use. While they are, tests
 * that kill a server and look for it where it was can run beside tests that start one.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const servers = await Promise.all(DEFAULT_PORTS.map(hold));
  return async () => {
    await Promise.all(servers.map((server) => server && new Promise((resolve) => server.close(resolve))));
  };
}

/** null: somebody has it already, which is as good. */
function hold(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(null));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
