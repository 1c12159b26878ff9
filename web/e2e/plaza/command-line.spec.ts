/** A person on the command line and a person in a browser talk to each other. PLAZA_BIN is the program. */
import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import { comeIn, expectTicks, freshNumber, message, openConversation, write } from "../people";

const run = promisify(execFile);

async function plaza(...args: string[]): Promise<string> {
  return (await run(process.env["PLAZA_BIN"] ?? "plaza", args)).stdout;
}

test("the command line and the browser talk", async ({ page, baseURL }) => {
  const home = await mkdtemp(join(tmpdir(), "plaza-person-"));
  const anaNumber = freshNumber();
  const carlaNumber = freshNumber();
  await comeIn(page, "Ana", anaNumber);
  await plaza("person", "register", "--url", baseURL ?? "", "--home", home, "--number", carlaNumber, "--name", "Carla", "--code", "000000", "--json");

  await plaza("person", "send", "--home", home, "--to", anaNumber, "Greetings from a terminal", "--json");
  await page.getByRole("link", { name: /Carla/ }).click();
  await expect(message(page, "Greetings from a terminal")).toBeVisible();

  await write(page, "Greetings from a browser");
  const heard = await plaza("person", "listen", "--home", home, "--count", "1", "--timeout-s", "20", "--json");
  expect(heard).toContain("Greetings from a browser");
  await expectTicks(page, "Greetings from a browser", "Read");
});

test("the browser starts the conversation", async ({ page, baseURL }) => {
  const home = await mkdtemp(join(tmpdir(), "plaza-person-"));
  const carlaNumber = freshNumber();
  await plaza("person", "register", "--url", baseURL ?? "", "--home", home, "--number", carlaNumber, "--name", "Carla", "--code", "000000", "--json");
  await comeIn(page, "Ana", freshNumber());
  await openConversation(page, carlaNumber);
  await write(page, "Is there anybody at this terminal?");
  await expectTicks(page, "Is there anybody at this terminal?", "Sent");
  const heard = await plaza("person", "listen", "--home", home, "--count", "1", "--timeout-s", "20", "--json");
  expect(heard).toContain("Is there anybody at this terminal?");
});
