// A small PNG for uploads, written by hand so that no image library is needed.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const length = Buffer.alloc(4);
  const sum = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The bytes of a square of one colour. */
export function png(side = 64, [red, green, blue] = [200, 30, 30]) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.alloc(1 + side * 3);
  for (let x = 0; x < side; x++) row.set([red, green, blue], 1 + x * 3);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.concat(Array(side).fill(row)))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The square as a file: its path, and how to be rid of it. */
export async function picture() {
  const folder = await mkdtemp(join(tmpdir(), "picture-"));
  const path = join(folder, "square.png");
  await writeFile(path, png());
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}
