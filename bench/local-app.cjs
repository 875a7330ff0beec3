/** The two stacks for which the target was set: a user's app has its own few stacks, not all examples. */
const { join } = require("node:path");

const DIST = join(__dirname, "../dist");
const { App } = require("cdktf");
const { Local2x8 } = require(join(DIST, "stacks", "local-2x8"));
const { Local4x8 } = require(join(DIST, "stacks", "local-4x8"));

const app = new App();
new Local2x8(app, "local-2x8");
new Local4x8(app, "local-4x8");
app.synth();
