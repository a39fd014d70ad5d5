// The data of the page: base64 text → gzip → header and columns of numbers.
// The layout is described in ViewerPayload.swift.

/** Bytes of a base64 text, decoded in pieces so that no huge string is built. */
function bytesFromBase64(text) {
  const trimmed = text.trim();
  const padding = trimmed.endsWith("==") ? 2 : trimmed.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((trimmed.length / 4) * 3 - padding);
  const step = 4 << 18;
  let at = 0;
  for (let start = 0; start < trimmed.length; start += step) {
    const piece = atob(trimmed.slice(start, start + step));
    for (let i = 0; i < piece.length; i++) bytes[at++] = piece.charCodeAt(i);
  }
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Reads unsigned LEB128 numbers; above 2⁵³ they round, as all numbers here do. */
class NumberReader {
  constructor(bytes, start) {
    this.bytes = bytes;
    this.at = start;
  }

  next() {
    let byte = this.bytes[this.at++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 128;
    do {
      byte = this.bytes[this.at++];
      value += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80);
    return value;
  }

  fill(column) {
    for (let i = 0; i < column.length; i++) column[i] = this.next();
    return column;
  }
}

/** The header, with each column beside it. */
async function readPayload(element) {
  const bytes = await inflate(bytesFromBase64(element.textContent));
  const headerLength = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headerLength)));
  const numbers = new NumberReader(bytes, 4 + headerLength);
  const integers = (count) => numbers.fill(new Uint32Array(count));

  const functions = {
    name: integers(header.functions),
    fullName: integers(header.functions),
    module: integers(header.functions),
    kind: integers(header.functions),
  };
  const parent = new Uint32Array(header.nodes);
  for (let node = 1; node < header.nodes; node++) parent[node] = node - numbers.next();
  const fn = new Uint32Array(header.nodes);
  for (let node = 1; node < header.nodes; node++) fn[node] = numbers.next();
  const threads = {
    pid: integers(header.threads),
    tid: integers(header.threads),
    process: integers(header.threads),
    name: integers(header.threads),
  };
  const samples = {
    node: integers(header.samples),
    thread: integers(header.samples),
    reason: integers(header.samples),
    first: numbers.fill(new Float64Array(header.samples)),
    second: numbers.fill(new Float64Array(header.samples)),
  };
  return { header, functions, nodes: { parent, fn }, threads, samples };
}
