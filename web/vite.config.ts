/**
 * How the web app is built.
 *
 * Three modes: `mock` (`npm run dev`: everything answers from memory), the default development server in front of a
 * running Plaza (`npm run dev:plaza`, address in PLAZA_URL), and production, whose `dist` the server embeds.
 */
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const plaza = process.env["PLAZA_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig(({ mode }) => ({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The mock keeps a word of its own, so that a production build can drop every line of it.
  define: { __MOCK__: JSON.stringify(mode === "mock" || process.env["VITE_CORE"] === "mock") },
  worker: { format: "es" },
  build: { target: "es2022", manifest: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 700, reportCompressedSize: false },
  server: {
    port: 5173,
    strictPort: true,
    // The mock shows the stickers that come with Plaza.
    fs: { allow: [".."] },
    proxy:
      mode === "mock"
        ? {}
        : {
            "/v1": { target: plaza, ws: true },
            "^/v\\d+\\.\\d+/": plaza,
            "/operator/api": plaza,
            "/manager/api": plaza,
            "/message": plaza,
            "/_sandbox": plaza,
            "/demo/api": plaza,
          },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
}));
