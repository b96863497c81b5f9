import "server-only";
import * as z from "zod";
import { uuidV4Schema } from "@/lib/protocol/ids";

/** `/api/consultations/[id]/…` */
export const consultationIds = z.object({ id: z.string().toLowerCase().pipe(uuidV4Schema) });
