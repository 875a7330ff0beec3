import type { Topic } from "../problems/rule";
import { MACHINES } from "./machine-rules";
import { MACHINES_OF_CHECK, READINESS } from "./readiness-rules";
import { SECRET_SOURCES } from "./source-rules";
import { USER_DATA } from "./user-data-rules";

/** All rules of this place, for the page of rules. */
export const CLOUD_INIT_TOPICS: readonly Topic<never, never>[] = [
  MACHINES,
  SECRET_SOURCES,
  READINESS,
  MACHINES_OF_CHECK,
  USER_DATA,
];
