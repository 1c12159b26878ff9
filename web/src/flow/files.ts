/** Photos and documents of a form: while it is filled in, files of the browser; on its way out, what its receiver can fetch. */
import { isObject } from "./expression";
import type { Json } from "./expression";

/** Puts in the place of each file what it becomes. */
export async function withFiles(value: unknown, become: (file: File) => Promise<Json>): Promise<unknown> {
  if (value instanceof File) return become(value);
  if (Array.isArray(value)) return Promise.all(value.map((each) => withFiles(each, become)));
  if (!isObject(value)) return value;
  const members = await Promise.all(Object.entries(value).map(async ([name, each]) => [name, await withFiles(each, become)] as const));
  return Object.fromEntries(members);
}

export async function bytesOf(file: File): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.arrayBuffer());
}
