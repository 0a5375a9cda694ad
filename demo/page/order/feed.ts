import type { Head, OrderedUnit, OrderOptions, WaitingUnit } from '../../../src/index.ts'

/** What of a database the picture needs: an `Autobee` has it, and so has a `SharedAutobee`. */
export interface OrderFeed {
  readonly orderLength: number
  order(options: OrderOptions & { waiting: true }): AsyncIterable<WaitingUnit>
  order(options?: OrderOptions): AsyncIterable<OrderedUnit>
  unit(head: Head): Promise<OrderedUnit | WaitingUnit | null>
  on(event: 'update' | 'waiting', listener: () => void): unknown
  on(event: 'reorg', listener: (reorg: { position: number }) => void): unknown
  off(event: 'update' | 'waiting', listener: () => void): unknown
  off(event: 'reorg', listener: (reorg: { position: number }) => void): unknown
}
