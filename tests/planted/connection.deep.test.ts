import { CONNECTION_PLANTS } from "./plants/connection";
import { testPlants } from "./test-plants";

testPlants(CONNECTION_PLANTS);
