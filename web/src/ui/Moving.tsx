/** A picture that may move; where motion is not welcome, its first frame. */
import type { ComponentProps } from "react";

function drawFirst(canvas: HTMLCanvasElement | null, url: string): void {
  if (!canvas) return;
  const image = new Image();
  image.addEventListener("load", () => {
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext("2d")?.drawImage(image, 0, 0);
  });
  image.src = url;
}

type Props = { url: string; alt: string; moves: boolean } & Pick<ComponentProps<"img">, "className">;

export function Moving({ url, alt, moves, className }: Props) {
  if (moves && matchMedia("(prefers-reduced-motion: reduce)").matches) {
    return <canvas key={url} ref={(canvas) => drawFirst(canvas, url)} {...(alt === "" ? { "aria-hidden": true } : { role: "img", "aria-label": alt })} className={className} />;
  }
  return <img src={url} alt={alt} draggable={false} className={className} />;
}
