import { DATABASE_PLANTS } from "./plants/database";
import { testPlants } from "./test-plants";

testPlants(DATABASE_PLANTS);
