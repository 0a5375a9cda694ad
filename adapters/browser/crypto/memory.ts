/** libsodium as WebAssembly, one instance for all, and the piece of its memory that every call works in. */
import load, { type Libsodium } from 'libsodium-sumo'
import { AutobeeError } from '../../../src/errors.ts'

/** Bytes kept for calls. Longer ones allocate, and free when they end. */
const ARENA = 128 * 1024

/** Room for the alignment of what a call puts. */
const SLACK = 256

let libsodium: Libsodium | null = null
let arena = 0
/** Of the call that runs: there is one at a time, all are synchronous. */
let start = 0
let next = 0
let end = 0

/**
 * Resolves when libsodium runs; until then only BLAKE2b works.
 * @throws AutobeeError `UNSUPPORTED_RUNTIME` where WebAssembly is missing, or forbidden by the page's content security policy
 */
export const ready: Promise<void> = initialise()

async function initialise(): Promise<void> {
  let loaded: Libsodium
  try {
    loaded = await load({ getRandomValue: randomWord, printErr() {} })
    if (loaded._sodium_init() < 0) throw new Error('sodium_init failed')
  } catch (cause) {
    throw new AutobeeError(
      'UNSUPPORTED_RUNTIME',
      "WebAssembly could not be started; a page with a content security policy needs script-src 'wasm-unsafe-eval'",
      { cause, reason: 'WEBASSEMBLY' }
    )
  }
  arena = allocate(loaded, ARENA)
  libsodium = loaded
}

export function isReady(): boolean {
  return libsodium !== null
}

/** Begins a call that puts and makes room for up to `bytes` in all. `finish` ends it. */
export function begin(bytes: number): Libsodium {
  if (libsodium === null) {
    throw new AutobeeError(
      'UNSUPPORTED_RUNTIME',
      "cryptography is not there yet: wait for sodium's `ready`",
      {
        reason: 'NOT_READY'
      }
    )
  }
  const needed = bytes + SLACK
  start = needed > ARENA ? allocate(libsodium, needed) : arena
  next = start
  end = start + Math.max(needed, ARENA)
  return libsodium
}

/** Copies bytes in; gives their address. */
export function put(bytes: Uint8Array): number {
  const address = room(bytes.byteLength)
  running().HEAPU8.set(bytes, address)
  return address
}

/** Copies bytes in behind the ones before, without a gap. */
export function append(bytes: Uint8Array): void {
  running().HEAPU8.set(bytes, next)
  next += bytes.byteLength
}

export function room(bytes: number): number {
  const address = (next + 15) & ~15
  next = address + bytes
  if (next > end) throw new Error('a call of libsodium needs more memory than it asked for')
  return address
}

/** Copies as many bytes out as `target` is long. */
export function take(address: number, target: Uint8Array): void {
  target.set(running().HEAPU8.subarray(address, address + target.byteLength))
}

/** Ends the call. Wipes what it left, since it may be secret, so that later calls find zeros. */
export function finish(): void {
  const { HEAPU8, _free } = running()
  HEAPU8.fill(0, start, next)
  if (start !== arena) _free(start)
}

/** All memory that libsodium has, to be looked at. Another one after a call that needed more. */
export function memory(): Uint8Array {
  return running().HEAPU8
}

function running(): Libsodium {
  return libsodium as Libsodium
}

function allocate(lib: Libsodium, bytes: number): number {
  const address = lib._malloc(bytes)
  if (address === 0) throw new RangeError(`libsodium has no room for ${bytes} bytes`)
  return address
}

const words = new Uint32Array(1)

function randomWord(): number {
  return crypto.getRandomValues(words)[0] as number
}
