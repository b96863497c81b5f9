"use client";

import { Check, Copy } from "lucide-react";
import { type ComponentProps, Fragment, useState } from "react";
import { Button } from "./Button";
import { copyText } from "./copy-text";

interface CopyButtonProps extends Pick<ComponentProps<typeof Button>, "look" | "size" | "className" | "tabIndex"> {
  words: { copy: string; copied: string };
  text(): string | Promise<string>;
  iconClass?: string;
}

/** Copies, and says that it did. */
export function CopyButton({ words, text, iconClass, ...look }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  const Icon = copied ? Check : Copy;
  return (
    <Fragment>
      <Button {...look} onClick={async () => setCopied(await copyText(await text()))}>
        <Icon aria-hidden="true" className={iconClass ?? "size-4"} />
        <span>{copied ? words.copied : words.copy}</span>
      </Button>
      <span role="status" className="sr-only">
        {copied ? words.copied : null}
      </span>
    </Fragment>
  );
}
