import { SOURCE_PLANTS } from "./source-plants";
import { testPlants } from "./test-plants";

testPlants(SOURCE_PLANTS);
