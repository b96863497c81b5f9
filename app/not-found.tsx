import { SearchX } from "lucide-react";
import type { Metadata } from "next";
import Link from "next/link";
import { buttonClass } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";
import { requestWords } from "./viewpoint";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).pages.notFoundTitle };
}

export default async function NotFoundPage() {
  const { pages } = await requestWords();
  return (
    <main id="content" tabIndex={-1} className="grid min-h-dvh outline-none">
      <Notice icon={SearchX} title={pages.notFoundTitle} text={pages.notFound} headingLevel="h1">
        <Link href="/consultations" className={buttonClass()}>
          <span>{pages.home}</span>
        </Link>
      </Notice>
    </main>
  );
}
