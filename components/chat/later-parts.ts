import { drawnLater } from "@/components/ui/drawn-later";

const [MessageMenu, menu] = drawnLater(async () => (await import("./MessageMenu")).MessageMenu);
const [ReactionPicker, picker] = drawnLater(async () => (await import("./ReactionPicker")).ReactionPicker);
const [TippedChip, tips] = drawnLater(async () => (await import("./TippedChip")).TippedChip);
const [PeoplePanel, people] = drawnLater(async () => (await import("@/components/people/PeoplePanel")).PeoplePanel);

export { MessageMenu, PeoplePanel, ReactionPicker, TippedChip, tips };

/** What opens over a room or beside it. */
export const PARTS_OF_ROOM = [menu, picker, tips, people];
