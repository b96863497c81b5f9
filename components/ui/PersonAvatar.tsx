import { Avatar } from "radix-ui";
import { charactersOf } from "@/lib/protocol/characters";
import { cn } from "./cn";

interface PersonAvatarProps {
  person: { id: string; name: string; image: string | null };
  size?: "small" | "medium" | "large";
}

const sizes = { small: "size-8 text-xs", medium: "size-10 text-sm", large: "size-11 text-sm" };

const tints = [
  "bg-[#d9ecf7] text-[#0f4c6b] dark:bg-[#123448] dark:text-[#a9d9f3]",
  "bg-[#e6e4f8] text-[#413a86] dark:bg-[#2a2752] dark:text-[#c9c4f7]",
  "bg-[#dff0e2] text-[#1f5c31] dark:bg-[#173a23] dark:text-[#a6dfb6]",
  "bg-[#f8e6da] text-[#7a3d12] dark:bg-[#43260f] dark:text-[#f2c3a0]",
  "bg-[#f5e1ec] text-[#7c2353] dark:bg-[#44182f] dark:text-[#f0b5d3]",
  "bg-[#d8efee] text-[#0b5459] dark:bg-[#0f3a3d] dark:text-[#98dcdc]",
];

function tintOf(id: string): string {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return tints[hash % tints.length] ?? "";
}

const letter = /[\p{L}\p{N}]/u;
const titles = /^(prof|dr|med|dipl|herr|frau|mr|mrs|ms)\.?$/i;

/** First letters of the first and last name; titles do not count. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/u).filter((word) => letter.test(word) && !titles.test(word));
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  return picked.map(firstLetter).join("").toUpperCase() || "?";
}

function firstLetter(word = ""): string {
  return [...charactersOf(word)].find((character) => letter.test(character)) ?? "";
}

export function PersonAvatar({ person, size = "medium" }: PersonAvatarProps) {
  return (
    <Avatar.Root
      aria-hidden="true"
      translate="no"
      className={cn(
        "inline-flex shrink-0 select-none items-center justify-center overflow-hidden rounded-full font-semibold",
        sizes[size],
        tintOf(person.id),
      )}
    >
      {person.image ? <Avatar.Image src={person.image} alt="" className="size-full object-cover" /> : null}
      <Avatar.Fallback asChild>
        <span>{initialsOf(person.name)}</span>
      </Avatar.Fallback>
    </Avatar.Root>
  );
}
