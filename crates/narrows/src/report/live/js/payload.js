// What the page carries: JSON, and numbers deflated in base64.

/** The study's description: names, shapes, curves. */
export function readDescription() {
  return JSON.parse(document.getElementById("study").textContent);
}

/** The bytes of a blob, as an ArrayBuffer; its text is dropped, for nobody needs it twice. */
export async function readBlob(name) {
  const holder = document.getElementById(`blob-${name}`);
  const deflated = bytesOf(holder.textContent);
  holder.remove();
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Reads little-endian numbers one after another. */
export class Reader {
  constructor(buffer) {
    this.view = new DataView(buffer);
    this.at = 0;
  }

  /** `count` numbers of f32. */
  singles(count) {
    const numbers = new Float32Array(count);
    for (let i = 0; i < count; i++, this.at += 4) numbers[i] = this.view.getFloat32(this.at, true);
    return numbers;
  }

  /** `count` signed whole numbers of sixteen bits. */
  shorts(count) {
    const numbers = new Int16Array(count);
    for (let i = 0; i < count; i++, this.at += 2) numbers[i] = this.view.getInt16(this.at, true);
    return numbers;
  }

  /** `count` bytes. */
  bytes(count) {
    const bytes = new Uint8Array(this.view.buffer, this.at, count);
    this.at += count;
    return bytes;
  }
}
