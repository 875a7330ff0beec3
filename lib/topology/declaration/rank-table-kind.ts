/** Which rank table the nodes of an Ascend cluster get (HCCL's file of all devices). */
export enum RankTableKind {
  /** None: the ranks find one another. */
  NONE = "none",
  /** Version 1.0: servers and their devices. */
  SERVERS = "1.0",
  /** Version 1.2: adds the super pods of A3, whose ids the nodes find at boot. */
  SUPER_PODS = "1.2",
}

/** Names the rank table's file on every node; dlinfer and LMDeploy before 0.15 read it. */
export const RANK_TABLE_VARIABLE = "ASCEND_RANK_TABLE_FILE_PATH";
