import { rememberEarlyWords } from "@/lib/browser/early-words";
import { pageRequests } from "@/lib/browser/page-requests";

// Next runs this file before it hydrates, and before it asks for its first page.
rememberEarlyWords();
pageRequests();
