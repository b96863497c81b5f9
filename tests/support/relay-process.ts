import { type Runtime, setRuntime } from "@/lib/runtime";
import { startHousekeeping } from "@/lib/server/relay/housekeeping";
import { startRelay } from "@/lib/server/relay/process-relay";

/** A relay and its housekeeping, in a process of its own that can be killed. RUNTIME is the runtime of whoever starts it. */
setRuntime(JSON.parse(process.env.RUNTIME ?? "") as Runtime);
startRelay();
startHousekeeping();
console.log("RELAY");
setInterval(() => undefined, 60_000);
