import { type Runtime, setRuntime } from "@/lib/runtime";
import { startMail } from "@/lib/server/mail/process-mail";

/** A sender of mail alone, in a process of its own that can be killed. RUNTIME is the runtime of whoever starts it. */
setRuntime(JSON.parse(process.env.RUNTIME ?? "") as Runtime);
startMail();
console.log("MAIL");
setInterval(() => undefined, 60_000);
