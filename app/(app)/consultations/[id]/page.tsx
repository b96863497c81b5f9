import type { Metadata } from "next";
import { notFound, redirect } from "next/navigation";
import { v7 } from "uuid";
import { roomSettings } from "@/app/(app)/consultations/room-settings";
import { requireViewer } from "@/app/viewer";
import { requestWords } from "@/app/viewpoint";
import { ServedRoom } from "@/components/chat/ServedRoom";
import { uuidV4Schema } from "@/lib/protocol/ids";
import type { Snapshot } from "@/lib/protocol/snapshot";
import { AppError } from "@/lib/server/app-error";
import type { Claim } from "@/lib/server/claim";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";

/** Says nothing of who or what about: titles stand in tab bars and histories. */
export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).chat.title };
}

export default async function ConsultationPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const path = `/consultations/${id}`;
  const { claim, viewer } = await requireViewer(path);
  if (!uuidV4Schema.safeParse(id).success) notFound();
  return (
    <ServedRoom
      roomId={id}
      currentUser={viewer}
      initialSnapshot={await snapshotOf(claim, id, path)}
      formMessageId={v7()}
      {...roomSettings()}
      backHref="/consultations"
    />
  );
}

async function snapshotOf(claim: Claim, id: string, path: string): Promise<Snapshot> {
  try {
    return await readSnapshot(claim, id);
  } catch (error) {
    if (error instanceof AppError && error.code === "not-found") notFound();
    if (error instanceof AppError && error.code === "session-ended") {
      redirect(`/sign-in?callbackUrl=${encodeURIComponent(path)}`);
    }
    throw error;
  }
}
