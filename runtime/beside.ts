/** Files of a bundle: beside it, or as base64 inside it. Works in Node, pages, workers and worklets. */
import { CheckpointError } from "./error.js";

/**
 * A file next to the bundle. Node reads it; elsewhere `request` fetches it (a function of the bundle's own, so that the
 * address stands there literally and bundlers copy the file).
 */
export async function readBeside(url: URL, request: () => Promise<Response>): Promise<Uint8Array> {
  const { process } = globalThis as unknown as NodeGlobal;
  const fs = url.protocol === "file:" && process?.getBuiltinModule?.("node:fs");
  if (fs) return fs.readFileSync(url);
  const response = await request();
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new CheckpointError("bundle-file", `${url}: ${response.status}; put the bundle's files side by side`);
}

/** The little of Node that is used, where it is Node. */
interface NodeGlobal {
  readonly process?: { getBuiltinModule?(name: "node:fs"): { readFileSync(url: URL): Uint8Array } };
}

/** Padded base64 to bytes; atob is missing in audio worklets. */
export function fromBase64(text: string): Uint8Array {
  const out = new Uint8Array((text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0));
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // A-Z, a-z, 0-9, +, /; padding only ever writes past the end, which a typed array ignores.
    const digit =
      code > 96 ? code - 71 : code > 64 ? code - 65 : code > 47 ? code + 4 : code === 43 ? 62 : 63;
    bits = (bits << 6) | digit;
    if (i % 4 !== 3) continue;
    out[at++] = bits >> 16;
    out[at++] = bits >> 8;
    out[at++] = bits;
  }
  return out;
}
