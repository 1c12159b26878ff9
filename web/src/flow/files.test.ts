import { expect, test } from "vitest";
import { withFiles } from "./files";

test("every file is replaced, wherever it stands", async () => {
  const photo = new File(["x"], "x.jpg", { type: "image/jpeg" });
  const become = async (file: File): Promise<{ name: string }> => ({ name: file.name });
  expect(await withFiles({ a: [photo, 1], b: { c: photo }, d: "text" }, become)).toEqual({ a: [{ name: "x.jpg" }, 1], b: { c: { name: "x.jpg" } }, d: "text" });
});
