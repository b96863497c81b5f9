import "server-only";
import type { Role } from "@/lib/protocol/user";

export const DEMO_PASSWORD = "murph-demo";

export const DEMO_PEOPLE: readonly { email: string; name: string; role: Role }[] = [
  {
    email: "dr.weber@murph.example",
    name: "Dr. Lena Weber",
    role: "PRACTITIONER",
  },
  {
    email: "dr.okafor@murph.example",
    name: "Dr. Chidi Okafor",
    role: "PRACTITIONER",
  },
  {
    email: "anna@murph.example",
    name: "Anna Lindner",
    role: "PATIENT",
  },
  {
    email: "ben@murph.example",
    name: "Ben Hartmann",
    role: "PATIENT",
  },
];

export interface DemoConsultation {
  id: string;
  subject: string;
  practitioner: string;
  patient: string;
  status: "SCHEDULED" | "IN_PROGRESS" | "COMPLETED";
  scheduledInHours: number;
  closingNote: string | null;
  messages: readonly { id: string; from: string; content: string }[];
}

/** Its last message marks the whole seed as done; it is also the one that a newcomer should see on top. */
export const DEMO_CONSULTATIONS: readonly DemoConsultation[] = [
  {
    id: "bb47a338-81ec-41f9-b8d9-522c946991cb",
    subject: "Migraine follow-up",
    practitioner: "dr.weber@murph.example",
    patient: "anna@murph.example",
    status: "SCHEDULED",
    scheduledInHours: 48,
    closingNote: null,
    messages: [],
  },
  {
    id: "0b7b7f7e-aff9-4ff4-80af-d695fb1c59e0",
    subject: "Blood pressure review",
    practitioner: "dr.weber@murph.example",
    patient: "anna@murph.example",
    status: "COMPLETED",
    scheduledInHours: -72,
    closingNote: "Continue the tablets as before. Next review in three months.",
    messages: [
      {
        id: "019b8d33-ec88-7330-9a28-0251cc7ec1ea",
        from: "dr.weber@murph.example",
        content: "Hello Anna, let us go through your readings of the last two weeks.",
      },
      {
        id: "019b8d34-dad0-75fd-ac55-b185f92f9ea2",
        from: "anna@murph.example",
        content: "Hello! I measured every morning and evening, as you asked.",
      },
      {
        id: "019b8d35-c918-760b-b900-42bd008ad269",
        from: "dr.weber@murph.example",
        content: "Very good. What were the highest and the lowest values?",
      },
      {
        id: "019b8d36-b760-7198-aefa-7d48eae56b47",
        from: "anna@murph.example",
        content: "The highest was 148/92 on the first Monday. The lowest was 121/78.",
      },
      {
        id: "019b8d37-a5a8-769a-a46a-c9ac36214a1d",
        from: "dr.weber@murph.example",
        content: "And most of them?",
      },
      {
        id: "019b8d38-93f0-7278-abdb-1b7ba90b8472",
        from: "anna@murph.example",
        content: "Around 130 over 82.",
      },
      {
        id: "019b8d39-8238-706c-95ea-7bc92f2a7841",
        from: "dr.weber@murph.example",
        content: "That is where we want to be. Any dizziness when you stand up?",
      },
      {
        id: "019b8d3a-7080-701b-8bba-616219bd5f9b",
        from: "anna@murph.example",
        content: "Once or twice in the first days, not any more.",
      },
      {
        id: "019b8d3b-5ec8-75f9-8466-b40475d2f50c",
        from: "dr.weber@murph.example",
        content: "Good. Then we stay with the dose.",
      },
      {
        id: "019b8d3c-4d10-722e-8529-c94747f4287c",
        from: "anna@murph.example",
        content: "Should I go on measuring twice a day?",
      },
      {
        id: "019b8d3d-3b58-7236-80aa-4eab2cb727f7",
        from: "dr.weber@murph.example",
        content: "Once in the morning is enough from now on.",
      },
      {
        id: "019b8d3e-29a0-766e-992e-89e613754fe2",
        from: "anna@murph.example",
        content: "Thank you, that helps a lot.",
      },
    ],
  },
  {
    id: "eef42107-030c-42e4-809e-8f5c3e55a0d1",
    subject: "Knee pain after running",
    practitioner: "dr.okafor@murph.example",
    patient: "ben@murph.example",
    status: "IN_PROGRESS",
    scheduledInHours: 0,
    closingNote: null,
    messages: [
      {
        id: "019b8d31-21b0-7791-9f76-afbaed40a274",
        from: "dr.okafor@murph.example",
        content: "Hello Ben, welcome. Which movement hurts the most?",
      },
      {
        id: "019b8d32-0ff8-7312-9a21-877af2cd7827",
        from: "ben@murph.example",
        content: "Going down stairs, and the first steps after sitting.",
      },
      {
        id: "019b8d32-fe40-7697-90c0-970b6676cc6f",
        from: "dr.okafor@murph.example",
        content: "Thank you. Is the knee swollen or warm?",
      },
    ],
  },
  {
    id: "729da000-a09d-447a-a4a7-32de294a4407",
    subject: "Persistent cough",
    practitioner: "dr.weber@murph.example",
    patient: "anna@murph.example",
    status: "IN_PROGRESS",
    scheduledInHours: 0,
    closingNote: null,
    messages: [
      {
        id: "019b8d2c-7a48-7664-adb5-b0b7d189c757",
        from: "dr.weber@murph.example",
        content: "Good morning Anna, I have your notes in front of me. How is the cough today?",
      },
      {
        id: "019b8d2d-6890-7243-8969-667141ea8c2b",
        from: "anna@murph.example",
        content: "Good morning Dr. Weber. A little better, but it still wakes me at night.",
      },
      {
        id: "019b8d2e-56d8-7475-803e-46223b47a4ae",
        from: "dr.weber@murph.example",
        content: "Is it dry, or are you bringing something up?",
      },
      {
        id: "019b8d2f-4520-7454-943b-3fe92b3ebcc1",
        from: "anna@murph.example",
        content: "Mostly dry. No fever since Tuesday.",
      },
      {
        id: "019b8d30-3368-7718-8010-d0718d394593",
        from: "dr.weber@murph.example",
        content:
          "That fits the picture. Please keep the inhaler by your bed and tell me if you become short of breath.",
      },
    ],
  },
];
