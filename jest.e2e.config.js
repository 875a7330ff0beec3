const base = require("./jest.config.js");

/**
 * End to end, one file after the other: deployments take turns. `npm test` runs two such lanes side by side
 * (test/tools/jest-checks.ts).
 *
 * @type {import("jest").Config}
 */
module.exports = {
  ...base,
  testMatch: ["<rootDir>/test/e2e/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/dist/"],
  maxWorkers: 1,
};
