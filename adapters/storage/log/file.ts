/**
 * The little that the log needs of a file. One call of `write`, `sync` or `truncate` at a time, and any number of reads
 * beside it. Errors are `AutobeeError`s: `STORE_FULL` when there is no room, `STORE_LOCKED`, else `STORE_FAILED`.
 */
export interface LogFile {
  /** Bytes that may be read; 0 when there is no file yet. */
  size(): Promise<number>
  /** Exactly `length` bytes, in an array of their own; rejects where the file ends before. */
  read(at: number, length: number): Promise<Uint8Array>
  /**
   * Never leaves a gap behind the end. One that rejects may have written any part of it; none of it arrives later,
   * nor over a later write. The bytes are the file's from then on.
   */
  write(at: number, bytes: Uint8Array): Promise<void>
  /** What was written survives a power cut. Left out where nothing can be known of that. */
  sync?(): Promise<void>
  /** Left out where a file cannot be shortened. */
  truncate?(size: number): Promise<void>
}

/** Two files for the generations of a log, held by this owner alone until `close`. */
export interface LogFiles {
  /** What messages call the place. */
  readonly name: string
  readonly slots: readonly [LogFile, LogFile]
  close(): Promise<void>
}
