import { useCallback } from 'preact/hooks'
import { type Colours, colourClass } from '../colours.ts'
import type { BoardDatabase } from '../database.ts'
import type { Person } from '../state/model-types.ts'
import { OrderView } from './order-view.tsx'

export interface OrderPanelProps {
  readonly db: BoardDatabase
  /** By writer key, z-base-32. */
  readonly people: ReadonlyMap<string, Person>
  readonly colours: Colours
}

/** The merged order of a board's entries. */
export function OrderPanel({ db, people, colours }: OrderPanelProps) {
  const nameOf = useCallback(
    (writer: string) => people.get(writer)?.name || `Writer ${writer.slice(0, 4)}`,
    [people]
  )
  const colourOf = useCallback((writer: string) => colourClass(writer, colours), [colours])
  return (
    <OrderView
      feed={db}
      nameOf={nameOf}
      colourOf={colourOf}
      onerror={error => {
        // a database that is being closed has no order to show any more
        if ((error as { code?: string }).code !== 'CLOSED') reportError(error)
      }}
    />
  )
}
