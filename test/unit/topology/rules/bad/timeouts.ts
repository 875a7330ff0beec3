import { type BadInput } from "./bad-input";

export const BAD_TIMEOUTS: readonly BadInput[] = [
  {
    props: { membershipTimeoutSeconds: 0 },
    rule: "RC080",
    path: "membershipTimeoutSeconds",
    got: "0",
  },
  {
    props: { stopTimeoutSeconds: 1.5 },
    rule: "RC080",
    path: "stopTimeoutSeconds",
    got: "1.5",
  },
  {
    props: { engineTimeoutSeconds: Infinity },
    rule: "RC080",
    path: "engineTimeoutSeconds",
    got: "Infinity",
  },
  {
    props: { engineStartAttempts: 0 },
    rule: "RC081",
    path: "engineStartAttempts",
    got: "0",
  },
];
