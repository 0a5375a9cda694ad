import b4a from 'b4a'
import { hexOf } from '../../../src/keys.ts'
import type { ApplyFault, ReplayDifference, ReplayKind, ReplayPosition } from './report.ts'

/** What one replay ended with, as text; the same for the same order and view. */
export interface Ending {
  readonly kind: ReplayKind
  readonly result: string
  readonly isFailure: boolean
}

/** The likely cause, from who agrees with whom. */
export function faultOf(endings: readonly Ending[]): ApplyFault {
  const resultOf = (kind: ReplayKind) => endings.find(ending => ending.kind === kind)?.result
  const first = resultOf('at once')
  if (endings.some(({ isFailure }) => isFailure)) return 'failure'
  if (first !== resultOf('again')) return 'random'
  if (first !== resultOf('unit by unit')) return 'chunking'
  return endings.some(({ result }) => result !== first) ? 'undo' : 'original'
}

export const SENTENCES: Readonly<Record<ApplyFault, string>> = {
  failure:
    'apply throws or interrupts when the same entries are replayed: it depends on something outside, or was changed since',
  random:
    'the same replay gives another result each time: apply uses a clock, a random number, or a variable that outlives its call',
  chunking:
    'the result depends on how many units are merged at a time: apply reads db.view or a snapshot where it should read its argument view, \
writes seq or core of an entry, or keeps something in a variable or in what open made',
  undo: 'the result depends on what was taken back and applied again: apply keeps something outside of the view, in a variable or in what \
open made, which no undo takes back',
  original:
    'all replays agree, but not with this database: its view was made by another apply or other options than the ones given (an older \
release?), or apply reads something outside (a variable, another database) that was different then'
}

/** Where to look. */
export function placeOf(
  differences: readonly ReplayDifference[],
  { firstAt, orderAt }: { firstAt: ReplayPosition | null; orderAt: number | null }
): string {
  const lines: string[] = []
  if (orderAt !== null) lines.push(`The order differs from position ${orderAt} on: roles or verdicts.`)
  const [first] = differences
  if (first) {
    const { key, expected, actual, changedAt, kind, seed } = first
    const run = seed === null ? kind : `${kind}, seed ${seed}`
    lines.push(
      `First key that differs: ${show(key)}, ${show(expected)} here, ${show(actual)} in a replay (${run})`
    )
    lines.push(changedAt ? `, last changed by ${unit(changedAt)}.` : '.')
  }
  if (firstAt) lines.push(` The views part at ${unit(firstAt)}.`)
  return lines.join('')
}

function unit({ position, key, length }: ReplayPosition): string {
  return `the unit at position ${position} (entry ${length} of writer ${hexOf(key).slice(0, 8)}…)`
}

/** As text if it is printable, else as hex; short. */
function show(bytes: Uint8Array | null): string {
  if (!bytes) return 'nothing'
  const text = b4a.toString(bytes)
  const isText = !text.includes('\ufffd') && !/[^\P{C}]/u.test(text)
  const shown = isText ? `'${text}'` : hexOf(bytes)
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown
}
