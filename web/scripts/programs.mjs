/**
 * The programs that the API explorer writes, as it writes them: reads `{subject, bodies}` from standard input (what the
 * calls are about, and what stands in the box of a call in place of its example), and prints `{id: program}`.
 */
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const parts = [];
for await (const part of process.stdin) parts.push(part);
const { subject, bodies } = JSON.parse(Buffer.concat(parts).toString());

const root = fileURLToPath(new URL("..", import.meta.url));
const server = await createServer({ root, server: { middlewareMode: true, hmr: false, watch: null }, appType: "custom", logLevel: "error", optimizeDeps: { noDiscovery: true } });
try {
  const { CALLS, program } = await server.ssrLoadModule("/src/features/manager/calls.ts");
  const written = CALLS.map((call) => {
    const example = call.body?.(subject);
    const body = example === undefined ? null : JSON.stringify(bodies[call.id] ?? example, null, 2);
    return [call.id, program(call, call.path(subject), body, subject)];
  });
  process.stdout.write(JSON.stringify(Object.fromEntries(written)));
} finally {
  await server.close();
}
