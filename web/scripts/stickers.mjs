/**
 * Makes the sticker packs that come with Plaza out of their drawings: `node scripts/stickers.mjs` in web/.
 *
 * Each crates/billing/data/stickers/PACK/NAME.svg becomes NAME.webp beside it. A drawing with `data-loop-ms` moves: it is
 * looked at frame by frame, and the frames go into one animated file. The pictures are drawn by the system's Chromium.
 */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const PACKS = new URL("../../crates/billing/data/stickers/", import.meta.url);
const SIDE_PX = 512;
const FRAME_MS = 100;
const QUALITY = 0.88;
const STILL_BYTES = 24 * 1024;
const ANIMATED_BYTES = 256 * 1024;

const u24 = (value) => Buffer.from([value & 255, (value >> 8) & 255, (value >> 16) & 255]);

function chunk(name, data) {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(data.length);
  return Buffer.concat([Buffer.from(name), size, data, Buffer.alloc(data.length % 2)]);
}

/** The picture in a still file: its chunks without what describes the file. */
function picture(webp) {
  const kept = [];
  for (let at = 12; at < webp.length; ) {
    const name = webp.toString("latin1", at, at + 4);
    const size = webp.readUInt32LE(at + 4);
    if (["ALPH", "VP8 ", "VP8L"].includes(name)) kept.push(chunk(name, webp.subarray(at + 8, at + 8 + size)));
    at += 8 + size + (size % 2);
  }
  return Buffer.concat(kept);
}

/** One file of several: https://developers.google.com/speed/webp/docs/riff_container */
function animated(frames) {
  const [HAS_ALPHA, MOVES] = [0x10, 0x02];
  const head = chunk("VP8X", Buffer.concat([Buffer.from([HAS_ALPHA | MOVES, 0, 0, 0]), u24(SIDE_PX - 1), u24(SIDE_PX - 1)]));
  const forever = chunk("ANIM", Buffer.alloc(6));
  // Each frame takes the place of the one before: not blended with it (2), and cleared afterwards (1).
  const place = Buffer.concat([u24(0), u24(0), u24(SIDE_PX - 1), u24(SIDE_PX - 1), u24(FRAME_MS), Buffer.from([3])]);
  const body = Buffer.concat([Buffer.from("WEBP"), head, forever, ...frames.map((frame) => chunk("ANMF", Buffer.concat([place, picture(frame)])))]);
  return chunk("RIFF", body);
}

/** All stills of one size, and all that move: from the size of what somebody sent, nobody can tell which one it was. */
function evened(file) {
  const step = file.length > STILL_BYTES ? ANIMATED_BYTES : STILL_BYTES;
  const room = step - file.length - 8;
  if (room < 0) throw new Error(`a sticker has ${file.length} bytes; ${step} are foreseen`);
  // A chunk that no reader knows is skipped.
  const chunks = [file.subarray(8), chunk("PADS", Buffer.alloc(room - (room % 2)))];
  return chunk("RIFF", Buffer.concat(chunks));
}

async function look(page, at) {
  await page.evaluate((seconds) => {
    const svg = document.querySelector("svg");
    svg.pauseAnimations();
    svg.setCurrentTime(seconds);
  }, at / 1000);
  const png = await page.screenshot({ omitBackground: true });
  const webp = await page.evaluate(
    async ({ png, quality }) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", quality).split(",")[1];
    },
    { png: png.toString("base64"), quality: QUALITY },
  );
  return Buffer.from(webp, "base64");
}

const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: SIDE_PX, height: SIDE_PX } });
for (const pack of await readdir(PACKS)) {
  const folder = new URL(`${pack}/`, PACKS);
  for (const drawing of (await readdir(folder)).filter((name) => name.endsWith(".svg"))) {
    const svg = await readFile(new URL(drawing, folder), "utf8");
    await page.setContent(`<style>body { margin: 0; background: transparent }</style>${svg}`);
    const loop = Number(/data-loop-ms="(\d+)"/.exec(svg)?.[1] ?? 0);
    const frames = [];
    for (let at = 0; at === 0 || at < loop; at += FRAME_MS) frames.push(await look(page, at));
    const file = loop > 0 ? animated(frames) : frames[0];
    await writeFile(new URL(drawing.replace(".svg", ".webp"), folder), evened(file));
    console.log(`${pack}/${drawing}: ${Math.ceil(file.length / 1024)} KiB`);
  }
}
await browser.close();
