const shared = {
  rootDir: __dirname,
  testEnvironment: "node",
  // TypeScript first: otherwise a compiled file beside its source would be tested in its place.
  moduleFileExtensions: ["ts", "js", "json"],
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/cdktf.out/"],
  moduleNameMapper: { "/stack-trace$": "<rootDir>/test/tools/no-stack-trace.cjs" },
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2022" },
        module: { type: "commonjs" },
      },
    ],
  },
};

/** One project for each level: a test belongs to the folder it lies in. */
const project = (level) => ({
  ...shared,
  displayName: level,
  testMatch: [`<rootDir>/test/${level}/**/*.test.ts`],
});

/** @type {import("jest").Config} */
module.exports = {
  projects: ["unit", "terraform", "e2e"].map(project),
  testSequencer: "<rootDir>/test/tools/longest-first.cjs",
};
