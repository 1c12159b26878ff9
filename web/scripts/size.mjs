/**
 * The budget of the first load: what /chat fetches before it can draw, without the core, compressed. Follows the
 * static imports of the entry and of the route's own chunks in Vite's manifest.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const CHAT_KILOBYTES_MAX = 200;
const ROUTES = {
  "/": ["src/routes/front.tsx"],
  "/chat": ["src/routes/chat.tsx", "src/routes/chat-conversation.tsx"],
  "/operator": ["src/routes/operator.tsx", "src/routes/operator-revenue.tsx"],
  "/manager": ["src/routes/manager.tsx", "src/routes/manager-numbers.tsx"],
};

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

function collect(key, seen) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) collect(next, seen);
  return seen;
}

let failed = false;
for (const [route, entries] of Object.entries(ROUTES)) {
  const seen = new Set();
  for (const entry of ["index.html", ...entries]) collect(entry, seen);
  const bytes = [...seen].reduce((sum, key) => sum + gzipSync(readFileSync(new URL(manifest[key].file, dist))).length, 0);
  const kilobytes = bytes / 1024;
  console.log(`${route.padEnd(10)} ${kilobytes.toFixed(1)} KB of JavaScript, gzip, in ${seen.size} files`);
  if (route === "/chat" && kilobytes > CHAT_KILOBYTES_MAX) failed = true;
}
if (failed) {
  console.error(`/chat is over its budget of ${CHAT_KILOBYTES_MAX} KB.`);
  process.exit(1);
}
