// Preloaded with `node -r`: leaves what the process took in the file that BENCH_USAGE_FILE names.
const { writeFileSync } = require("node:fs");

const file = process.env.BENCH_USAGE_FILE;
const { pid } = process;

process.on("exit", () => {
  // Not in children of the measured process, which inherit the environment.
  if (file !== undefined && process.pid === pid) {
    const loaded = Object.keys(require.cache).filter((name) => name.includes("/@cdktf/provider-"));
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeFileSync(
      file,
      JSON.stringify({ maxRSS, processorSeconds: (userCPUTime + systemCPUTime) / 1e6, loaded }),
    );
  }
});
