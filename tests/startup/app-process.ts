import { startApp } from "@/lib/boot/start-app";
import { runtime } from "@/lib/runtime";

/** The server process without Next: boots, says where its parts are, stays until a signal. A line on stdin asks again. */
await startApp();
tell();
process.stdin.on("data", tell);
setInterval(() => undefined, 60_000);

function tell(): void {
  const { databaseUrl, channelsPort, nextAuthSecret, pusher } = runtime();
  const { appId, key, secret } = pusher;
  console.log(`RUNTIME ${JSON.stringify({ databaseUrl, channelsPort, nextAuthSecret, appId, key, secret })}`);
}
