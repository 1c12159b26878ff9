/**
 * # Browser tests
 *
 * `mock`: every screen and state against the build that answers from memory; needs no server.
 * `plaza`: people and operators against a running Plaza (`PLAZA_URL`, started with --demo --sandbox); with `PLAZA_BIN`
 * also a person on the command line, and money on servers of its own.
 * `screenshots`: the pictures of docs/screenshots, from a running Plaza.
 *
 * The browser is the system's Chromium (`CHROMIUM`, or /usr/bin/chromium); nothing is downloaded.
 */
import { defineConfig, devices } from "@playwright/test";

const MOCK_URL = "http://127.0.0.1:4173";
const plaza = process.env["PLAZA_URL"] ?? "http://127.0.0.1:8080";
const mock = process.argv.some((each) => each === "--project=mock" || each === "mock");

export default defineConfig({
  testDir: "e2e",
  // Limits, not waits: a machine that builds something else meanwhile needs many times as long for the same page.
  timeout: 120_000,
  expect: { timeout: 45_000 },
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    ...devices["Desktop Chrome"],
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "mock", testMatch: "mock/*.spec.ts", use: { baseURL: MOCK_URL } },
    { name: "plaza", testMatch: process.env["PLAZA_BIN"] ? "plaza/*.spec.ts" : "plaza/!(cards|command-line|money|money-limits).spec.ts", use: { baseURL: plaza } },
    { name: "screenshots", testMatch: "screenshots.spec.ts", use: { baseURL: plaza } },
  ],
  ...(mock ? { webServer: { command: "npm run build:mock && npm run preview:mock -- --host 127.0.0.1", url: MOCK_URL, reuseExistingServer: false } } : {}),
});
