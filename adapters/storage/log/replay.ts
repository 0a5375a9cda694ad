import type { ValueCache } from './cache.ts'
import { corruptError } from './errors.ts'
import type { LogFile } from './file.ts'
import { KeyIndex } from './index.ts'
import { Log } from './log.ts'
import { ByteReader, findSettled, readRecord } from './reader.ts'
import { encodeHeader, HEADER_SIZE, headerSum, type LogHeader } from './record.ts'
import { Settled } from './settled.ts'

export interface ReplayOptions {
  readonly cache: ValueCache
  readonly now: () => number
  /** Bytes that are read at once. */
  readonly chunk?: number | undefined
}

/**
 * Reads a log from its beginning to its last whole record, a chunk at a time; null when the generation was never
 * completed, because a compaction came to no end.
 *
 * What is behind the last whole record is cut off, as what a power cut left, unless a record further on, in one piece
 * at least in its header, says that what is damaged here had settled: then it is damage to what was safe.
 * @throws AutobeeError `STORE_CORRUPT`
 */
export async function replayLog(
  file: LogFile,
  { header, size, options }: { header: LogHeader; size: number; options: ReplayOptions }
): Promise<Log | null> {
  const { cache, now, chunk } = options
  const reader = new ByteReader(file, { from: HEADER_SIZE, end: size, ...(chunk ? { chunk } : {}) })
  const index = new KeyIndex()
  let end = HEADER_SIZE
  let sequence = 0
  let sum = headerSum(encodeHeader(header))
  let isComplete = false
  let settledBefore = 0
  for (;;) {
    const record = await readRecord(reader, header.id)
    if (!record || record.header.sequence !== sequence + 1 || record.header.previous !== sum) break
    end = reader.position
    sequence++
    sum = record.header.sum
    isComplete ||= record.changes.isComplete
    settledBefore = Math.max(settledBefore, record.header.settled)
    index.apply(record.changes)
  }
  const rest = new ByteReader(file, { from: end, end: size, ...(chunk ? { chunk } : {}) })
  if ((await findSettled(rest, header.id)) > sequence) {
    throw corruptError('the store is damaged in the middle')
  }
  if (!isComplete) return null
  const settled = new Settled(now)
  settled.synced(settledBefore)
  settled.wrote(sequence)
  return new Log({ file, header, index, cache, settled, end, sequence, sum })
}
