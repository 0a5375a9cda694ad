import { ValueCache } from './cache.ts'
import { corruptError } from './errors.ts'
import type { LogFile, LogFiles } from './file.ts'
import { KeyIndex } from './index.ts'
import { CREATION_SIZE, Log, newHeader } from './log.ts'
import { decodeHeader, HEADER_SIZE, headerSum, isTornHeader, type LogHeader } from './record.ts'
import { replayLog } from './replay.ts'
import { Settled } from './settled.ts'

export interface RecoveryOptions {
  /** Bytes of values that are kept in memory. */
  readonly cacheBytes: number
  readonly now: () => number
  /** Bytes that are read at once, default 1 MiB, and copied at once, default 256 KiB. */
  readonly chunk?: number | undefined
}

export interface Recovered {
  readonly log: Log
  /** The other slot holds a generation that is whole, and was before this one. */
  readonly other: Log | null
  /** The highest that was ever begun. */
  readonly generation: number
}

interface Slot {
  readonly file: LogFile
  readonly size: number
  /** null where there is none. */
  readonly header: LogHeader | null
  /** Nothing, or what an interrupted creation left. */
  readonly isBlank: boolean
}

/**
 * Finds the generation that counts: the last one that was completed. One that was not, by an interrupted compaction, is
 * nothing as long as the one before it has not been retired; it never is before its successor has settled.
 * @throws AutobeeError `STORE_CORRUPT`
 */
export async function recover(files: LogFiles, options: RecoveryOptions): Promise<Recovered> {
  const slots = await Promise.all(files.slots.map(readSlot))
  const generation = Math.max(0, ...slots.map(({ header }) => header?.generation ?? 0))
  const candidates = slots
    .filter(({ header }) => header !== null && !header.retired)
    .sort((a, b) => b.header!.generation - a.header!.generation)
  for (const [i, slot] of candidates.entries()) {
    const log = await replaySlot(slot, options)
    if (!log) continue
    // what is left behind the end would be read through at every opening
    if (slot.size > log.end) await slot.file.truncate?.(log.end)
    return { log, other: i === 0 ? unretired(candidates[1]) : null, generation }
  }
  if (slots.some(slot => !slot.isBlank)) {
    throw corruptError(`${files.name} holds no whole store: it is damaged, or a part of it is missing`)
  }
  return { log: await createLog(files.slots[0], options), other: null, generation: 1 }

  function unretired(slot: Slot | undefined): Log | null {
    return slot ? emptyLog(slot.file, { header: slot.header!, sum: 0, options }) : null
  }
}

/** A log without its entries, to be filled, or to be retired. */
function emptyLog(
  file: LogFile,
  { header, sum, options }: { header: LogHeader; sum: number; options: RecoveryOptions }
): Log {
  return new Log({
    file,
    header,
    index: new KeyIndex(),
    cache: new ValueCache(options.cacheBytes),
    settled: new Settled(options.now),
    end: HEADER_SIZE,
    sequence: 0,
    sum
  })
}

/** A new generation, of which only the header is written. */
export async function beginLog(
  file: LogFile,
  { generation, options }: { generation: number; options: RecoveryOptions }
): Promise<Log> {
  const { header, bytes } = newHeader(generation)
  const sum = headerSum(bytes)
  await file.write(0, bytes)
  return emptyLog(file, { header, sum, options })
}

async function createLog(file: LogFile, options: RecoveryOptions): Promise<Log> {
  const log = await beginLog(file, { generation: 1, options })
  await log.append([], { complete: true })
  // the length of a file that was just made is the last thing a system writes
  await log.sync()
  return log
}

async function replaySlot({ file, size, header }: Slot, options: RecoveryOptions): Promise<Log | null> {
  return replayLog(file, {
    header: header!,
    size,
    options: { cache: new ValueCache(options.cacheBytes), now: options.now, chunk: options.chunk }
  })
}

async function readSlot(file: LogFile): Promise<Slot> {
  const size = await file.size()
  const bytes = await file.read(0, Math.min(size, CREATION_SIZE))
  const header = decodeHeader(bytes)
  const isCreation = header === null ? isTornHeader(bytes) : header.generation === 1 && !header.retired
  return { file, size, header, isBlank: size <= CREATION_SIZE && isCreation }
}
