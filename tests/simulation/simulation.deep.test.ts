import { describe, it } from "vitest";
import { expectToHold } from "./expect-to-hold";

const SEEDS = 1_000;
const AT_ONCE = 50;

describe("the simulation", () => {
  for (let from = 1; from <= SEEDS; from += AT_ONCE) {
    it(
      `I1 I2 I3 I4 I5 I6 I7 UI2 UI4 UI5 NTC1 C4 C6 RCV5 RCV6 SND1 SND2 SND3 SND4 SND5 SND6 SND7 CON1 CON2 CON3 hold in histories ${from} to ${from + AT_ONCE - 1}`,
      {
        timeout: 240_000,
      },
      () => expectToHold({ from, count: AT_ONCE }),
    );
  }
});
