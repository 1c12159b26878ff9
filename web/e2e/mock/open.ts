/** Opens a page of the mock in one of its states, at a fixed moment: what is shown does not depend on the day. */
import type { Page } from "@playwright/test";

/** A Wednesday in the middle of a month, at five in the afternoon in Berlin. */
export const MOMENT = new Date("2026-11-18T16:05:00Z");

export async function open(page: Page, address: string, state = "full"): Promise<void> {
  await page.clock.setFixedTime(MOMENT);
  await page.addInitScript((value) => sessionStorage.setItem("plaza.mock", value), state);
  await page.goto(address);
}
