import { it } from "vitest";
import { catchPlant } from "./catch-plant";
import type { Plant } from "./plant";
import { sourceOf } from "./planted-database";

/** What the table shows of a plant. */
export interface PlantReport {
  readonly id: string;
  readonly rule: string;
  readonly place: string;
  readonly removed: string;
  /** Null: nobody noticed. */
  by: string | null;
}

declare module "vitest" {
  interface TaskMeta {
    plant?: PlantReport;
  }
}

/** One test a plant: it passes when the plant is caught. */
export function testPlants(plants: readonly Plant[]): void {
  for (const plant of plants) {
    it(`${plant.rule} planted: without "${plant.removed}" something turns red`, { timeout: 120_000 }, async ({
      task,
    }) => {
      const report: PlantReport = {
        id: plant.id,
        rule: plant.rule,
        place: placeOf(plant),
        removed: plant.removed,
        by: null,
      };
      task.meta.plant = report;
      report.by = await catchPlant(plant);
    });
  }
}

function placeOf(plant: Plant): string {
  return "file" in plant ? plant.file : `${sourceOf(plant.sqlFunction).file} ${plant.sqlFunction}()`;
}
