import { userDataLimit } from "../../catalog/user-data-limits";
import { unless } from "../../problems/checks";
import { errorRule, warningRule, type Topic } from "../../problems/rule";

/** Longest timeout of a CloudFormation wait condition. */
export const LONGEST_WAIT_SECONDS = 43_200;

/** Seconds that a deployment waits for its cluster. */
export const WAIT_TOPIC: Topic<number> = {
  title: "EC2: wait for a cluster",
  rules: [
    warningRule("RC453", {
      title: "A deployment can wait as long as the cluster may take",
      why: `A wait condition of CloudFormation ends after ${LONGEST_WAIT_SECONDS} seconds.`,
      check: (seconds) =>
        unless(seconds <= LONGEST_WAIT_SECONDS, {
          path: "servingTimeoutSeconds",
          got: `${seconds} s until the cluster serves`,
          consequence: `is longer than a deployment can wait, which is ${LONGEST_WAIT_SECONDS} s`,
          fix: "shorten the deadlines, or bootTimeoutSeconds of the backend",
        }),
    }),
  ],
};

/** Bytes of a machine's user data after gzip. */
export const USER_DATA_TOPIC: Topic<number> = {
  title: "EC2: user data",
  rules: [
    errorRule("RC454", {
      title: "User data fits into what EC2 takes",
      why: "EC2 refuses the launch template.",
      check: (bytes) =>
        unless(bytes <= userDataLimit("ec2").bytes, {
          path: "userData",
          got: `${bytes} bytes after gzip`,
          must: `be at most ${userDataLimit("ec2").bytes} bytes`,
          fix: "shorten the engine's arguments and the environment variables, or put long values into a file in the image",
        }),
    }),
  ],
};
