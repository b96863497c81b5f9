import { config } from "zod";
import { rememberEarlyWords } from "@/lib/browser/early-words";

// The page's policy forbids eval, and a browser reports even the attempt: zod must not try whether it may compile schemas.
config({ jitless: true });
// Next runs this file before it hydrates.
rememberEarlyWords();
