import { LIVING_PLANTS } from "./plants/living";
import { testPlants } from "./test-plants";

testPlants(LIVING_PLANTS);
