import type { SourcePlant } from "./plant.ts";
import { CONNECTION_PLANTS } from "./plants/connection.ts";
import { LIVING_PLANTS } from "./plants/living.ts";
import { PUBLISHING_PLANTS } from "./plants/publishing.ts";
import { RECEIVING_PLANTS } from "./plants/receiving.ts";
import { SENDING_PLANTS } from "./plants/sending.ts";

export const SOURCE_PLANTS: readonly SourcePlant[] = [
  ...RECEIVING_PLANTS,
  ...CONNECTION_PLANTS,
  ...SENDING_PLANTS,
  ...PUBLISHING_PLANTS,
  ...LIVING_PLANTS,
];
