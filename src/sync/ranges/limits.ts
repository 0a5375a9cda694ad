/** Bounds of the range protocol: what both sides agree on, and what each allows the other. */

/** One range. More is left to Hypercore's own download, which needs no signature at the end of what it fetches. */
export const MOST_BYTES = 8 * 1024 * 1024
export const MOST_BLOCKS = 65_536
/** One message with blocks holds so many bytes of them, or one block. A live answer is one message. */
export const CHUNK_BYTES = 256 * 1024
export const CHUNK_BLOCKS = 4096
/** Oplogs that one side announces. */
export const MOST_OPLOGS = 4096
/** A signature of Hypercore's, with everything around it. */
export const MOST_SIGNATURE = 1024
