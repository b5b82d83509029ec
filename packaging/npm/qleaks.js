#!/usr/bin/env node
// Starts the qleaks of the package for this platform, which npm installed beside
// this one. Nothing is downloaded here.
"use strict";

const { spawnSync } = require("node:child_process");

const name = `@qleaks/${process.platform}-${process.arch}`;
const program = process.platform === "win32" ? "qleaks.exe" : "qleaks";

let path;
try {
  path = require.resolve(`${name}/bin/${program}`);
} catch {
  console.error(`qleaks: error: the package ${name} is not installed`);
  console.error("qleaks: hint: install without --omit=optional; if there is no such package, see docs/install.md for other ways");
  process.exit(3);
}

// The whole group of processes gets Ctrl-C: qleaks decides what to do about it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

const { status, signal, error } = spawnSync(path, process.argv.slice(2), { stdio: "inherit" });
if (error) {
  console.error(`qleaks: error: ${path} does not start: ${error.code}`);
  process.exit(3);
}
process.exit(signal ? 130 : status);
