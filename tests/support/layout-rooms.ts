import { randomUUID } from "node:crypto";
import { v7 } from "uuid";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { clientOf } from "@/tests/support/app-world";
import type { AppAddress } from "@/tests/support/start-built-app";
import { createConsultation, createPerson, messageOf, type Person } from "@/tests/support/world";

const SUBJECT = "Blutdruckmedikamentenunverträglichkeit since the surgery in spring";

/** People with the names that people have, in consultations of one, two, three and five of them. */
export async function createLayoutRooms(app: AppAddress) {
  const doctor = await createPerson("PRACTITIONER", "Dr. Konstantin Papadopoulos-Breitenbach");
  const patient = await createPerson("PATIENT", "Wilhelmine-Charlotte von Hohenstein-Ruppertsberg");
  const interpreter = await createPerson("INTERPRETER", "Mina Kayaoğlu-Öztürk");
  const others = [
    await createPerson("INTERPRETER", "Raúl Fernández de la Vega"),
    await createPerson("PRACTITIONER", "Prof. Dr. Ngozi Okonkwo-Adichie"),
  ];
  const room = async (people: readonly Person[], ...rest: [status?: "SCHEDULED" | "COMPLETED"]) => {
    const id = await createConsultation(people, ...rest);
    await db().consultation.update({ where: { id }, data: { subject: SUBJECT } });
    return id;
  };
  const rooms = {
    alone: await room([doctor, patient]),
    two: await room([patient, doctor]),
    three: await room([patient, doctor, interpreter]),
    five: await room([patient, doctor, interpreter, ...others]),
    scheduled: await room([patient, doctor], "SCHEDULED"),
    completed: await room([patient, doctor], "COMPLETED"),
  };
  const client = await clientOf(app, doctor);
  await client.request("DELETE", `/api/consultations/${rooms.alone}/participants/${patient.userId}`);
  for (const consultationId of [rooms.two, rooms.three, rooms.five]) {
    await sendMessage(doctor, messageOf(consultationId, `How are you today? ${"Please describe it. ".repeat(8)}`));
    const asked = v7();
    await sendMessage(patient, messageOf(consultationId, `Better. ${"x".repeat(120)}`, asked));
    await sendMessage(doctor, { ...messageOf(consultationId, "Good to hear."), replyToId: asked });
    await sendMessage(
      patient,
      messageOf(consultationId, "https://example.org/a/very/long/address/that/goes/on?and=on"),
    );
  }
  const { email } = await db().user.findUniqueOrThrow({ where: { id: patient.userId } });
  const stranger = await clientOf(app, await createPerson("PRACTITIONER", "Prof. Dr. Ngozi Okonkwo-Adichie"));
  const scheduledFor = new Date(Date.now() + 86_400_000).toISOString();
  const request = { id: randomUUID(), patientEmail: email, subject: SUBJECT, scheduledFor };
  await stranger.post("/api/consultations", { json: request });
  return { doctor, patient, interpreter, rooms };
}
