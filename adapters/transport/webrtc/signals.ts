import c, { type State } from 'compact-encoding'
import { AutobeeError } from '../../../src/index.ts'
import type { Candidate } from './types.ts'

/** What the two sides tell each other to find a way; each belongs to one attempt, numbered by the initiator from 1. */
export type Signal =
  | { readonly type: 'offer' | 'answer'; readonly attempt: number; readonly sdp: string }
  | { readonly type: 'candidate'; readonly attempt: number; readonly candidate: Candidate }
  /** This side gave the attempt up. */
  | { readonly type: 'abort'; readonly attempt: number }

/** Bytes; a description of one data channel has some hundred, more with candidates in it. */
const LONGEST_DESCRIPTION = 1 << 14
const LONGEST_CANDIDATE = 1 << 10
const LONGEST_MID = 64
export const LONGEST_SIGNAL = LONGEST_DESCRIPTION + 32

const TYPES = ['offer', 'answer', 'candidate', 'abort'] as const

export function encodeSignal(signal: Signal): Uint8Array {
  const state = c.state()
  run(c.uint.preencode, c.string.preencode)
  state.buffer = new Uint8Array(state.end)
  run(c.uint.encode, c.string.encode)
  return state.buffer

  function run(
    uint: (state: State, value: number) => void,
    string: (state: State, value: string) => void
  ): void {
    uint(state, TYPES.indexOf(signal.type))
    uint(state, signal.attempt)
    if (signal.type === 'offer' || signal.type === 'answer') string(state, signal.sdp)
    if (signal.type !== 'candidate') return
    const { candidate, sdpMid, sdpMLineIndex } = signal.candidate
    string(state, candidate)
    string(state, sdpMid ?? '')
    uint(state, sdpMLineIndex === null ? 0 : sdpMLineIndex + 1)
  }
}

/** @throws AutobeeError `TRANSPORT_FAILED`, reason `PROTOCOL`, for anything that `encodeSignal` does not make, and for what is too long */
export function decodeSignal(bytes: Uint8Array): Signal {
  try {
    if (bytes.length <= LONGEST_SIGNAL) {
      const state = { buffer: bytes, start: 0, end: bytes.length }
      const signal = signalOf(state)
      if (signal && state.start === state.end) return signal
    }
  } catch (error) {
    throw nonsense(error)
  }
  throw nonsense()
}

/** Is this the description of one data connection and nothing else? Others could make a page take in sound and pictures. */
export function describesData(sdp: string): boolean {
  const media = sdp.split('\n').filter(line => line.startsWith('m='))
  return media.length === 1 && media[0]?.startsWith('m=application ') === true
}

function signalOf(state: State): Signal | null {
  const type = TYPES[c.uint.decode(state)]
  const attempt = c.uint.decode(state)
  if (!Number.isSafeInteger(attempt) || attempt < 1) return null
  switch (type) {
    case 'offer':
    case 'answer': {
      const sdp = c.string.decode(state)
      return sdp.length <= LONGEST_DESCRIPTION && describesData(sdp) ? { type, attempt, sdp } : null
    }
    case 'candidate': {
      const candidate = c.string.decode(state)
      const mid = c.string.decode(state)
      const line = c.uint.decode(state)
      if (candidate.length > LONGEST_CANDIDATE || mid.length > LONGEST_MID || line > 1) return null
      return {
        type,
        attempt,
        candidate: { candidate, sdpMid: mid || null, sdpMLineIndex: line === 0 ? null : line - 1 }
      }
    }
    case 'abort':
      return { type, attempt }
    default:
      return null
  }
}

function nonsense(cause?: unknown): AutobeeError {
  return new AutobeeError('TRANSPORT_FAILED', 'the other side sent a signal for WebRTC that is none', {
    reason: 'PROTOCOL',
    cause
  })
}
