import { SENDING_PLANTS } from "./plants/sending";
import { testPlants } from "./test-plants";

testPlants(SENDING_PLANTS);
