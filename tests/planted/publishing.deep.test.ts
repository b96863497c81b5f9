import { PUBLISHING_PLANTS } from "./plants/publishing";
import { testPlants } from "./test-plants";

testPlants(PUBLISHING_PLANTS);
