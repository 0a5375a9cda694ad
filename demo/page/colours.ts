/** Colours of writers in styles/tokens.css: `--writer-0` and on, for light and dark, each readable on the page's grounds. */
export const COLOURS = 8

/** Which of the {@link COLOURS} each writer has, by its key as z-base-32. */
export type Colours = ReadonlyMap<string, number>

/** By the order in which writers joined, which is the same for everybody: the first {@link COLOURS} of them all differ. */
export function coloursOf(writers: readonly string[]): Colours {
  return new Map(writers.map((writer, index) => [writer, index % COLOURS]))
}

/** The class that sets `--writer` to a writer's colour; by the key alone for who has not joined. */
export function colourClass(writer: string, colours?: Colours): string {
  return `writer-${colours?.get(writer) ?? hashed(writer)}`
}

function hashed(key: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193)
  // the low bits of this hash are its poorest
  return ((hash ^ (hash >>> 15)) >>> 0) % COLOURS
}
