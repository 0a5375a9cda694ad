import type { Host } from '../../src/index.ts'
import type { Draft } from './draft.ts'
import type { Stamp, Version } from './records.ts'

/** One value of one unit, on its way into the view. */
export interface Step {
  readonly draft: Draft
  readonly host: Host
  /** Key of the writer. */
  readonly writer: Uint8Array
  /** What it leaves on what it touches. */
  readonly stamp: Stamp
  /** Of this value alone, and longer than ids that people make up. */
  readonly id: string
}

export function versionOf(value: string, { stamp, id }: Step): Version {
  return { value, version: id, ...stamp }
}
