import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'

export interface Op {
  readonly id: string
  /** Bytes of a further value in the view. */
  readonly fill?: number
  readonly addWriter?: string
  /** With `addWriter`: default true. */
  readonly isIndexer?: boolean
}

export function op(value: Op): Uint8Array
export function apply(
  nodes: ApplyNode[],
  view: Pick<HyperbeeView, 'get' | 'write'>,
  host: Host
): Promise<void>
