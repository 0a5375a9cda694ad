/** Colours of writers in styles/tokens.css: `--writer-0` and on, for light and dark, each readable on the page's grounds. */
export const COLOURS = 8

/** Which of the {@link COLOURS} a writer has: by its key alone, so that everybody sees the same. */
export function colourOf(key: Uint8Array | string): number {
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  // the low bits of this hash are its poorest
  return ((hash ^ (hash >>> 15)) >>> 0) % COLOURS
}

/** The class that sets `--writer` to a writer's colour. */
export function colourClass(key: Uint8Array | string): string {
  return `writer-${colourOf(key)}`
}
