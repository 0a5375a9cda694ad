import { useCallback } from 'preact/hooks'
import type { BoardDatabase } from '../database.ts'
import type { Person } from '../state/model-types.ts'
import { OrderView } from './order-view.tsx'

export interface OrderPanelProps {
  readonly db: BoardDatabase
  /** By writer key, z-base-32. */
  readonly people: ReadonlyMap<string, Person>
}

/** The merged order of a board's entries. */
export function OrderPanel({ db, people }: OrderPanelProps) {
  const nameOf = useCallback(
    (writer: string) => people.get(writer)?.name || `Writer ${writer.slice(0, 4)}`,
    [people]
  )
  return (
    <OrderView
      feed={db}
      nameOf={nameOf}
      onerror={error => {
        // a database that is being closed has no order to show any more
        if ((error as { code?: string }).code !== 'CLOSED') reportError(error)
      }}
    />
  )
}
