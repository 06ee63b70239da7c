/** What a plot gives as a file. */

import type { Colours } from "./colours";

const LINE = 20;
const MARGIN = 12;

export function download(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The plot on its ground, with the names of its lines above it. */
export async function plotPicture(plot: HTMLCanvasElement, names: readonly string[], colours: Colours): Promise<Blob> {
  const scale = devicePixelRatio;
  const head = (names.length * LINE + MARGIN) * scale;
  const picture = document.createElement("canvas");
  picture.width = plot.width;
  picture.height = plot.height + head;
  const context = picture.getContext("2d");
  if (!context) throw new Error("this browser draws no pictures");
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, picture.width, picture.height);
  context.font = `${13 * scale}px system-ui, sans-serif`;
  names.forEach((name, index) => {
    context.fillStyle = colours.series[index % colours.series.length] ?? colours.text;
    context.fillText(name, MARGIN * scale, (MARGIN + (index + 0.5) * LINE) * scale);
  });
  context.drawImage(plot, 0, head);
  const blob = await new Promise<Blob | null>((resolve) => picture.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("the picture could not be made");
  return blob;
}
