#!/usr/bin/env node
// Runs a command from a fresh clone: the right Node, the packages, the compiled program, then the command.
//
//   node tools/clone.cjs [--packages-only] [command of tools/main.ts ...]
//
// It runs where nothing is installed yet, and on a Node too old for the rest, which it then says; so it
// is plain JavaScript and uses nothing that is younger than 2017.
"use strict";

const { spawnSync } = require("child_process");
const { existsSync, readFileSync, readdirSync, statSync } = require("fs");
const { join, resolve } = require("path");

const root = resolve(__dirname, "..");
const PROGRAM = join(root, "dist", "tools", "main.js");
const SOURCES = ["lib", "tools", "stacks", "main.ts", "package.json", "tsconfig.json", "tsconfig.build.json"];

function main(args) {
  const packagesOnly = args[0] === "--packages-only";
  const command = packagesOnly ? args.slice(1) : args;
  requireNode();
  if (!packagesAreThere()) {
    say("installing the packages of package-lock.json (usually 10 to 60 s)");
    run("npm", ["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"]);
  }
  if (!packagesOnly && !programIsFresh()) {
    say("compiling");
    run("npm", ["run", "--silent", "build"]);
  }
  if (command.length > 0) {
    run(process.execPath, [PROGRAM, ...command]);
  }
}

/** The command line of CDKTF carries compiled parts that exist for these versions only. */
function requireNode() {
  const range = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node;
  if (!nodeFits(process.versions.node, range)) {
    fail(
      "this project runs on Node " +
        range +
        ", this is Node " +
        process.versions.node +
        ": nodejs.org/download",
    );
  }
}

/** Whether a version is in a range of the form `^20.9.0 || ^22.0.0`. */
function nodeFits(version, range) {
  const found = version.split(".").map(Number);
  return range.split("||").some((part) => {
    const wanted = part.trim().replace("^", "").split(".").map(Number);
    return found[0] === wanted[0] && found[1] >= wanted[1];
  });
}

/** What npm has installed, compared with what the lock file asks for. */
function packagesAreThere() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) {
    return false;
  }
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const there = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.keys(wanted).every((path) => {
    const isPackage = path !== "" && !wanted[path].optional;
    return !isPackage || (there[path] !== undefined && there[path].version === wanted[path].version);
  });
}

/** A build writes every file again, so the program is stale exactly when a source is newer. */
function programIsFresh() {
  return existsSync(PROGRAM) && newest(SOURCES) <= statSync(PROGRAM).mtimeMs;
}

/** Time of the newest file among and below these paths, in milliseconds. */
function newest(paths) {
  const times = paths.map((path) => {
    const status = statSync(join(root, path));
    if (!status.isDirectory()) {
      return status.mtimeMs;
    }
    const inside = readdirSync(join(root, path)).filter((name) => name !== "__pycache__");
    return newest(inside.map((name) => join(path, name)));
  });
  return Math.max(0, ...times);
}

function run(program, args) {
  const ended = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (ended.error) {
    fail(`${program} does not start: ${ended.error.message}`);
  }
  if (ended.status !== 0) {
    process.exit(ended.status === null ? 1 : ended.status);
  }
}

function say(text) {
  process.stdout.write(`cdktf-ray-cluster: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`cdktf-ray-cluster: ${text}\n`);
  process.exit(1);
}

if (require.main === module) {
  main(process.argv.slice(2));
}

module.exports = { nodeFits };
