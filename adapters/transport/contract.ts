/**
 * The contract of what a transport gives to replicate over, below Noise: two byte streams, one at each end. Streams of
 * `streamx` and of Node have the form; `transportSuite` of `autobee/testing` has a case for every promise made here. A transport
 * states what it is like: {@link TransportNature}.
 *
 * **Bytes.** What one end is given to read is what the other was given to write: every byte, in order, once. Where a write
 * began and ended is not kept. Bytes leave without waiting for more, or for the end. A write may be of 8 MiB and more, or of nothing, which
 * arrives as an empty chunk or not at all. The two directions have nothing to do with each other: one that stands still
 * does not hold up the other.
 *
 * **Ownership.** What was written is neither changed by its writer any more nor by the stream. A chunk that was read is the
 * reader's, who may change it (Noise decrypts in place): nobody else uses that memory.
 *
 * **Backpressure.** `write` returns false when the writer should wait; then `drain` comes as soon as there is room again, if the
 * end lives. What is written nevertheless arrives as well. As long as the writer waits as it is told, no more than `bound` bytes are on
 * their way in one direction, however slow the reader. After `pause()`, from its return on, no `data` comes until `resume()`.
 *
 * **End.** All that was written before `end()` arrives, also when the reader comes late, and then `end`, once and after all `data`. An
 * end that has had `end` and that has ended itself closes without an error. Where the transport is half-open, one direction may end
 * long before the other; else the `end()` of one ends the other by itself, and what that had on its way is lost.
 *
 * **Abort.** After `destroy()` of one end the other closes too: without `end`, where the transport tells aborts, having read a
 * beginning of what was written, and with an error or without. So it is when the network is torn off, at both ends. One that does not read
 * need not notice until it does. Who has called `destroy(error)` gets that same error; who has called `destroy()`, none.
 *
 * **Close.** `close` comes once at each end, whatever happens, and is the last event; `error` comes once at most, before it. Then nothing
 * is held any more, no socket, timer or channel. Every method may be called in every state, any number of times, also while the
 * end still opens (when writes wait): it never throws, and does nothing once the end is destroyed; then `write` returns false. (`write` after
 * `end()` is nobody's to call.)
 *
 * **Errors** are `AutobeeError`s with the code `TRANSPORT_FAILED` and a `reason`, save the one that was given to `destroy`.
 */
export interface ByteStream {
  /** True from `close` on at the latest. */
  readonly destroyed: boolean
  /** False: wait for `drain`. */
  write(data: Uint8Array): boolean
  /** Nothing more will be written. (`streamx` has it in its types that something be given.) */
  end(data?: undefined): unknown
  /** Gives up both directions, with what is on its way. */
  destroy(error?: Error): unknown
  pause(): unknown
  resume(): unknown
  /**
   * Of `data` a Uint8Array, of `error` an Error, which not all streams have in their types. The first listener for `data` lets them
   * flow, unless `pause()` was called.
   */
  on(event: 'data' | 'error', listener: (what: unknown) => void): unknown
  /** `end`: the other end has ended, and everything was read. `drain`: write on. */
  on(event: 'end' | 'drain' | 'close', listener: () => void): unknown
}

/** In what transports differ. */
export interface TransportNature {
  /**
   * Bytes that are on their way at most, in each direction, as long as a writer that writes 64 KiB at a time waits as it is told; null where
   * nothing holds it back (a browser's WebSocket, which takes what comes).
   */
  readonly bound: number | null
  /** Can one direction end while the other goes on? */
  readonly halfOpen: boolean
  /** Is a destroyed end told apart from one that has ended? TCP's own FIN says the same of both. Default true. */
  readonly tellsAborts?: boolean
}
