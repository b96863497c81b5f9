import { config } from "zod";

// The policy of our pages forbids eval, and a browser reports even the attempt: there zod must not try whether it may
// compile schemas. It tries as a schema is made, so every module that makes one imports this.
if (typeof window !== "undefined") config({ jitless: true });
