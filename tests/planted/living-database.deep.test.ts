import { LIVING_DATABASE_PLANTS } from "./plants/living-database";
import { testPlants } from "./test-plants";

testPlants(LIVING_DATABASE_PLANTS);
