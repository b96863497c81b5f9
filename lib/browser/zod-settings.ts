import { config } from "zod";

// The page's policy forbids eval, and a browser reports even the attempt: zod must not try whether it may compile
// schemas, not even for those that a module makes as it is loaded.
config({ jitless: true });
