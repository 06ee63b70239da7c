/**
 * A file that is written piece by piece: into the file itself where the browser can do that (File System Access API),
 * so that its size does not matter; else gathered in memory and downloaded at its end.
 */

import { download } from "../plot/files";

export interface OpenFile {
  write: (piece: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** All is written: only now the file has its content. */
  close: () => Promise<void>;
  /** Something went wrong: what was written is thrown away. */
  abort: () => Promise<void>;
}

/** Not part of TypeScript's library, since not every browser has it. */
type ShowSaveFilePicker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

/** Ask where to, if the browser lets one choose; null when the person thinks better of it. Right after a click. */
export async function openFile(name: string): Promise<OpenFile | null> {
  const { showSaveFilePicker: choose } = window as { showSaveFilePicker?: ShowSaveFilePicker };
  if (!choose) return inMemory(name);
  try {
    return await (await choose({ suggestedName: name })).createWritable();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    return inMemory(name);
  }
}

function inMemory(name: string): OpenFile {
  const pieces: Blob[] = [];
  return {
    write: async (piece) => void pieces.push(new Blob([piece])),
    close: async () => download(new Blob(pieces), name),
    abort: async () => {},
  };
}
