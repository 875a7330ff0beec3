// The order in which Jest starts test files. Its own is by the times of the last run in the same folder; a fresh clone has
// none, and a long deployment that starts last would run alone at the end.
"use strict";

const { basename } = require("node:path");
const { default: TestSequencer } = require("@jest/test-sequencer");
const { together, late, alone } = require("./end-to-end.json");

const END_TO_END = [...together, ...late, ...alone];

class LongestFirst extends TestSequencer {
  sort(tests) {
    const place = ({ path }) => {
      const index = END_TO_END.indexOf(basename(path, ".e2e.test.ts"));
      return index === -1 ? END_TO_END.length : index;
    };
    return [...super.sort(tests)].sort((one, other) => place(one) - place(other));
  }
}

module.exports = LongestFirst;
module.exports.END_TO_END = END_TO_END;
