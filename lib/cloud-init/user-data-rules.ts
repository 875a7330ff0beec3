import { userDataLimits } from "../catalog/user-data-limits";
import { unless } from "../problems/checks";
import { errorRule, warningRule, type Topic } from "../problems/rule";
import type { MachineText } from "./machine-text";
import type { CloudInitSettings } from "./settings";

/** Above this a text is likely to be refused, unless somebody has looked up that it is not. */
const WARNING_BYTES = 64 * 1024;

export interface UserDataSubject {
  readonly texts: readonly MachineText[];
  readonly settings: CloudInitSettings;
}

/** What shows only in the finished texts. */
export const USER_DATA: Topic<UserDataSubject> = {
  title: "Size of user data",
  rules: [
    errorRule("RC513", {
      title: "User data is no larger than the stated limit",
      why: "The provider refuses it in the middle of an apply.",
      check: ({ texts, settings: { userDataLimitBytes: limit, programUrl } }) => {
        const text = largest(texts);
        return limit === undefined || bytesOf(text) <= limit
          ? []
          : {
              path: "backend.userDataLimitBytes",
              got: sizeOf(text),
              must: `be at most ${count(limit)} bytes`,
              fix: programUrl === undefined ? SET_PROGRAM_URL : SHORTEN,
            };
      },
    }),
    warningRule("RC530", {
      title: "User data with the node program in it is meant for a provider that takes it",
      why: "Most providers take 64 KiB or less.",
      check: ({ texts, settings: { userDataLimitBytes, programUrl } }) => {
        const text = largest(texts);
        const bytes = bytesOf(text);
        const isMeant = programUrl !== undefined || userDataLimitBytes !== undefined;
        return unless(isMeant || bytes <= WARNING_BYTES, {
          path: "backend.programUrl",
          got: sizeOf(text),
          consequence: `is more than some providers take (${providersBelow(bytes)})`,
          fix: `${SET_PROGRAM_URL}. If your provider takes that much, set userDataLimitBytes`,
        });
      },
    }),
  ],
};

const SET_PROGRAM_URL =
  "host cloud-init/<cluster>/program.json, which is written beside the stack, and set programUrl: the node program is most of it";
const SHORTEN =
  "shorten the engine's arguments and environment variables, or put long values into a file in the image";

function largest(texts: readonly MachineText[]): MachineText {
  return texts.reduce((found, text) => (bytesOf(text) > bytesOf(found) ? text : found));
}

function bytesOf({ text }: MachineText): number {
  return Buffer.byteLength(text);
}

function sizeOf(text: MachineText): string {
  return `${count(bytesOf(text))} bytes for ${text.name}`;
}

/** With separators, whatever the language of the machine. */
function count(bytes: number): string {
  return bytes.toLocaleString("en");
}

function providersBelow(bytes: number): string {
  return userDataLimits()
    .filter((limit) => limit.bytes < bytes)
    .map((limit) => `${limit.title} ${count(limit.bytes)}`)
    .join(", ");
}
