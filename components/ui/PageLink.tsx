"use client";

import Link from "next/link";
import { useRouter } from "next/navigation";
import { type ComponentProps, useCallback } from "react";
import { openWithinPanes } from "@/lib/browser/consultation-pages";
import type { Parts } from "@/lib/jsx/content";

interface PageLinkProps extends Omit<ComponentProps<typeof Link>, "href" | "onNavigate" | "children"> {
  href: string;
  children?: Parts;
}

/** A way to another page of the app that works through an outage: see PageRequests. */
export function PageLink({ href, ...props }: PageLinkProps) {
  return (
    <Link
      {...props}
      href={href}
      onNavigate={(event) => {
        if (openWithinPanes(href)) event.preventDefault();
      }}
    />
  );
}

/** The same without a link. */
export function useOpenPage(): (path: string) => void {
  const router = useRouter();
  return useCallback(
    (path) => {
      if (!openWithinPanes(path)) router.push(path);
    },
    [router],
  );
}
