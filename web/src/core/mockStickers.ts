/** The packs of the mock: those that come with Plaza, read from their own files. */
import type { Pack, Sticker } from "./stickers";
import { CoreError } from "./types";

const MANIFESTS = import.meta.glob<string>("../../../crates/billing/data/stickers/*/pack.toml", { query: "?raw", import: "default", eager: true });
const PICTURES = import.meta.glob<string>("../../../crates/billing/data/stickers/*/*.webp", { query: "?url", import: "default", eager: true });

function word(toml: string, member: string): string {
  return new RegExp(`^${member} = "(.*)"$`, "m").exec(toml)?.[1] ?? "";
}

function stickerOf(toml: string): Sticker {
  const name = word(toml, "file").replace(".webp", "");
  return { name, emoji: word(toml, "emoji"), text: word(toml, "text"), is_animated: name === "hello" || name === "sunflower", bytes: 20_000 };
}

/** `owned`: plans that the person has. */
export function mockPacks(owned: readonly string[]): Pack[] {
  const packs = Object.values(MANIFESTS).map((toml): Pack => {
    const [head = "", ...rows] = toml.split("[[sticker]]");
    const [key, access] = [word(head, "key"), word(head, "access") as Pack["access"]];
    const plans = access === "free" ? [] : ["plus", key];
    return { key, title: word(head, "title"), access, may_use: access === "free" || plans.some((plan) => owned.includes(plan)), plans, stickers: rows.map(stickerOf) };
  });
  return packs.toSorted((a, b) => Number(b.access === "free") - Number(a.access === "free"));
}

export function mockPicture(pack: string, name: string): string {
  const url = Object.entries(PICTURES).find(([path]) => path.endsWith(`/${pack}/${name}.webp`))?.[1];
  if (url === undefined) throw new CoreError("this sticker does not exist", "not_found");
  return url;
}
