import type { TopicText } from "../problems/rule";
import { INPUTS_TOPIC } from "./account/aws-inputs";
import { BACKEND_POOL_TOPIC } from "./cluster/backend-pool-rules";
import { BACKEND_TOPIC } from "./cluster/backend-rules";
import { DISK_TOPIC } from "./cluster/disk-rules";
import { USER_DATA_TOPIC, WAIT_TOPIC } from "./cluster/built-rules";
import { EGRESS_TOPIC, MADE_GROUP_TOPIC, NETWORK_TOPIC } from "./network/network-rules";
import { CAPACITY_TOPIC } from "./pool/capacity-rules";
import { HEAD_TOPIC } from "./pool/head-claims";
import { NODE_POOL_TOPIC, POOL_TOPIC } from "./pool/pool-rules";
import { LUSTRE_TOPIC, NFS_TOPIC, STAGED_TOPIC } from "./storage/storage-rules";
import { TAGS_TOPIC } from "./tag-rules";

/** All rules of EC2, for the page of rules. */
export const AWS_TOPICS: readonly TopicText[] = [
  POOL_TOPIC,
  NODE_POOL_TOPIC,
  CAPACITY_TOPIC,
  HEAD_TOPIC,
  BACKEND_POOL_TOPIC,
  BACKEND_TOPIC,
  DISK_TOPIC,
  WAIT_TOPIC,
  USER_DATA_TOPIC,
  NETWORK_TOPIC,
  EGRESS_TOPIC,
  MADE_GROUP_TOPIC,
  LUSTRE_TOPIC,
  STAGED_TOPIC,
  NFS_TOPIC,
  INPUTS_TOPIC,
  TAGS_TOPIC,
];
