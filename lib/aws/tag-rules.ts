import { unless } from "../problems/checks";
import { errorRule, type Topic } from "../problems/rule";
import { show } from "../problems/text";
import { fits } from "./known";

/** Values by their keys. */
export interface GivenTags {
  readonly [key: string]: string;
}

/** docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
const LONGEST_KEY = 128;
const LONGEST_VALUE = 256;

/** What must hold for tags. A value that is known only at apply is not judged. */
export const TAGS_TOPIC: Topic<GivenTags> = {
  title: "EC2: tags",
  rules: [
    errorRule("RC484", {
      title: "AWS takes the tag",
      why: "AWS refuses longer ones, and keys of its own; the deployment would fail in its middle.",
      check: (tags) =>
        Object.entries(tags).flatMap(([key, value]) =>
          unless(isKey(key) && fits(value, (text) => text.length <= LONGEST_VALUE), {
            path: "tags",
            got: show(`${key}=${value}`),
            must: `have a key of 1 to ${LONGEST_KEY} characters that does not begin with 'aws:', and a value of at most ${LONGEST_VALUE}`,
            fix: "shorten it",
          }),
        ),
    }),
  ],
};

function isKey(key: string): boolean {
  return key.length > 0 && key.length <= LONGEST_KEY && !/^aws:/i.test(key);
}
