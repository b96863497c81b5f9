import { SQL_PLANTS } from "./sql-plants";
import { testPlants } from "./test-plants";

testPlants(SQL_PLANTS);
