import { type Runtime, setRuntime } from "@/lib/runtime";
import { startRelay } from "@/lib/server/relay/process-relay";

/** A relay alone, in a process of its own that can be killed. RUNTIME is the runtime of whoever starts it. */
setRuntime(JSON.parse(process.env.RUNTIME ?? "") as Runtime);
startRelay();
console.log("RELAY");
setInterval(() => undefined, 60_000);
