import { AWS_TOPICS } from "../../aws/topics";
import { CLOUD_INIT_TOPICS } from "../../cloud-init/topics";
import { HOSTS_TOPICS } from "../../docker/hosts/rules";
import { TENANT_TOPIC } from "../../docker/hosts/tenant-rules";
import { LOCAL_TOPICS } from "../../docker/local/local-rules";
import { NEIGHBOUR_TOPIC } from "../../docker/local/neighbour-rules";
import { ENGINE_TOPICS } from "../../engines/topics";
import { LATE_VALUES_TOPIC } from "../../problems/late-values";
import type { TopicText } from "../../problems/rule";
import { ACKNOWLEDGEMENT_TOPIC } from "../../topology/acknowledgements";
import { TOPOLOGY_TOPICS } from "../../topology/rules";

/** The topics of all rules of the library: those of every declaration, then those of each engine and place. */
export const ALL_TOPICS: readonly TopicText[] = [
  ...TOPOLOGY_TOPICS,
  ACKNOWLEDGEMENT_TOPIC,
  LATE_VALUES_TOPIC,
  ...ENGINE_TOPICS,
  ...LOCAL_TOPICS,
  NEIGHBOUR_TOPIC,
  ...HOSTS_TOPICS,
  TENANT_TOPIC,
  ...AWS_TOPICS,
  ...CLOUD_INIT_TOPICS,
];
