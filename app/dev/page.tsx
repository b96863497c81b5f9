import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { connection } from "next/server";
import { runtime } from "@/lib/runtime";
import { readDevChannels, readDevCursors, readDevEvents, readDevPeople } from "@/lib/server/dev/read-dev";
import { readSimulatedMail } from "@/lib/server/mail/read-simulated-mail";
import { DevMail } from "./DevMail";
import { DevSection } from "./DevSection";
import { DevTable } from "./DevTable";

export const metadata: Metadata = { title: "Development" };

/** What happens behind the screens, for whoever works on this. It is not there in production, demo people or not. */
export default async function DevPage() {
  await connection();
  const { env } = runtime();
  if (env.production) notFound();
  const [mails, events, cursors, people, channels] = await Promise.all([
    readSimulatedMail(30),
    readDevEvents(40),
    readDevCursors(24),
    readDevPeople(20),
    readDevChannels(),
  ]);
  return (
    <main
      id="content"
      tabIndex={-1}
      lang="en"
      className="mx-auto min-h-dvh w-full max-w-5xl px-4 py-6 sm:py-10 outline-none"
    >
      <h1 className="font-semibold text-2xl tracking-tight">Development</h1>
      <p className="mt-1 text-ink-soft">Reload to look again. This page does not exist in production.</p>
      <DevSection
        title="Mail"
        hint={
          env.mail.kind === "smtp"
            ? "Sent for real (SMTP_URL); what is here was simulated earlier."
            : `Simulated: nothing leaves this machine. Messages are mailed after ${env.mailDelaySeconds} s unread (MURPH_MAIL_DELAY_SECONDS).`
        }
        empty={mails.length === 0 ? "No mail yet." : null}
      >
        <ul className="grid gap-3 md:grid-cols-2">
          {mails.map((mail) => (
            <DevMail key={mail.id} mail={mail} />
          ))}
        </ul>
      </DevSection>
      <DevSection
        title="Events"
        hint="The newest of the log: ids and types, no words."
        empty={events.length === 0 ? "No events yet." : null}
      >
        <DevTable
          head={["At", "Consultation", "Seq", "Type"]}
          rows={events.map(({ at, consultationId, seq, type }) => [timeOf(at), consultationId, seq, type])}
        />
      </DevSection>
      <DevSection
        title="Cursors"
        hint="How far each sink has been told. For mail, “not before” is when there is something to decide."
        empty={cursors.length === 0 ? "No consultations yet." : null}
      >
        <DevTable
          head={["Consultation", "Sink", "Told", "Head", "Behind", "Failures", "Lease or not before"]}
          rows={cursors.map((cursor) => [
            cursor.consultationId,
            cursor.sink,
            cursor.publishedSeq,
            cursor.headSeq,
            cursor.dirty ? "yes" : "no",
            cursor.failures,
            cursor.leaseUntil ? timeOf(cursor.leaseUntil) : "–",
          ])}
        />
      </DevSection>
      <DevSection
        title="People"
        hint="Who is online, as their counterparts see it."
        empty={people.length === 0 ? "Nobody was here yet." : null}
      >
        <DevTable
          head={["Name", "Id", "Online", "Last active"]}
          rows={people.map(({ name, id, online, lastActiveAt }) => [
            name,
            id,
            online ? "yes" : "no",
            lastActiveAt ? timeOf(lastActiveAt) : "–",
          ])}
        />
      </DevSection>
      <DevSection
        title="Sockets"
        hint="Channels that somebody listens to now."
        empty={channels === null ? "Pusher did not answer." : channels.length === 0 ? "Nobody listens." : null}
      >
        <DevTable head={["Channel"]} rows={(channels ?? []).map((channel) => [channel])} />
      </DevSection>
    </main>
  );
}

function timeOf(time: Date): string {
  return time.toISOString().replace("T", " ").replace("Z", "");
}
