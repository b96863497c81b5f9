import { MessagesSquare } from "lucide-react";
import type { Metadata } from "next";
import { requireViewer } from "@/app/viewer";
import { requestWords } from "@/app/viewpoint";
import { Notice } from "@/components/ui/Notice";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).list.title };
}

export default async function ConsultationsPage() {
  await requireViewer("/consultations");
  const { list } = await requestWords();
  return (
    <div className="grid h-full">
      <Notice icon={MessagesSquare} title={list.choose} text={list.chooseHint} />
    </div>
  );
}
