/** Under what the picture of a sticker is kept with the files of messages. */
export function pictureKey(pack: string, name: string): string {
  return `sticker:${pack}/${name}`;
}
