import type { Metadata } from "next";
import { requireViewer } from "@/app/viewer";
import { requestWords } from "@/app/viewpoint";
import { NothingOpen } from "@/components/list/NothingOpen";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).list.title };
}

export default async function ConsultationsPage() {
  await requireViewer("/consultations");
  return <NothingOpen />;
}
