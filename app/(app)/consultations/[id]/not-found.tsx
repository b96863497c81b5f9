import { SearchX } from "lucide-react";
import { requestWords } from "@/app/viewpoint";
import { buttonClass } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";
import { PageLink } from "@/components/ui/PageLink";

export default async function ConsultationNotFound() {
  const { pages } = await requestWords();
  return (
    <div className="grid h-full">
      <Notice icon={SearchX} title={pages.notFoundTitle} text={pages.notFound} headingLevel="h1">
        <PageLink href="/consultations" className={buttonClass()}>
          <span>{pages.home}</span>
        </PageLink>
      </Notice>
    </div>
  );
}
