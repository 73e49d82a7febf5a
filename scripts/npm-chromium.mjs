// Unpacks the Chromium that @sparticuz/chromium brings, and writes a script that starts it: `node npm-chromium.mjs FOLDER`,
// where `npm install --prefix FOLDER @sparticuz/chromium` was run before.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
process.env.TMPDIR = folder; // it unpacks into the folder for temporary files
const build = join(folder, "node_modules", "@sparticuz", "chromium", "build", "esm");
const { default: chromium } = await import(pathToFileURL(join(build, "index.js")));
const { inflate } = await import(pathToFileURL(join(build, "lambdafs.js")));

const program = await chromium.executablePath();
// What a bare machine lacks (NSS and the like) comes beside it, and is used only by it.
const libraries = await inflate(join(folder, "node_modules", "@sparticuz", "chromium", "bin", "al2023.tar.br"));
const starter = join(folder, "start");
writeFileSync(starter, `#!/bin/sh\nLD_LIBRARY_PATH='${join(libraries, "lib")}' exec '${program}' "$@"\n`);
chmodSync(starter, 0o755);
