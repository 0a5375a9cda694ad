const NEWLINE = 10

/** The lines of a stream of bytes as they come, without their ends; null in place of one that is longer than `limit` bytes. */
export async function* splitLines(
  source: AsyncIterable<Uint8Array>,
  { limit }: { limit: number }
): AsyncGenerator<Uint8Array | null> {
  let parts: Uint8Array[] = []
  let size = 0
  const add = (part: Uint8Array) => {
    size += part.byteLength
    if (size > limit) parts = []
    else if (part.byteLength > 0) parts.push(part)
  }
  const take = () => {
    const line = size > limit ? null : parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
    parts = []
    size = 0
    return line
  }
  for await (const chunk of source) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at))
      yield take()
      from = at + 1
    }
    add(chunk.subarray(from))
  }
  if (size > 0) yield take()
}
