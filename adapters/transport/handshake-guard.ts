/** A message of the handshake (Noise XX) takes some hundred bytes; the frame's header could announce 16 MiB. */
const LONGEST = 1_024
const HEADER = 3

/**
 * Looks at what a stranger sends until the handshake is through, so that it cannot make this side hold more than a few
 * hundred bytes. Frames: their length in 3 bytes, little-endian, and then so many bytes.
 */
export class HandshakeGuard {
  /** Frames of the handshake still to come; those after it may be large. */
  #frames: number
  #headerBytes = 0
  #length = 0

  constructor({ isInitiator }: { isInitiator: boolean }) {
    this.#frames = isInitiator ? 1 : 2
  }

  get isDone(): boolean {
    return this.#frames === 0
  }

  /** False when it cannot be a handshake. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0
    while (this.#frames > 0 && at < chunk.length) {
      if (this.#headerBytes < HEADER) {
        this.#length += (chunk[at++] as number) * 256 ** this.#headerBytes++
        if (this.#headerBytes === HEADER && (this.#length === 0 || this.#length > LONGEST)) return false
        continue
      }
      const taken = Math.min(this.#length, chunk.length - at)
      at += taken
      this.#length -= taken
      if (this.#length > 0) continue
      this.#frames--
      this.#headerBytes = 0
    }
    return true
  }
}
