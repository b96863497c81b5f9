import { RECEIVING_PLANTS } from "./plants/receiving";
import { testPlants } from "./test-plants";

testPlants(RECEIVING_PLANTS);
