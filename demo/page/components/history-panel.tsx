import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Colours } from '../colours.ts'
import type { BoardDatabase } from '../database.ts'
import { type Trouble, troubleOf } from '../errors.ts'
import type { Person } from '../state/model-types.ts'
import { useStore } from '../state/store.ts'
import { useSession } from './session-context.ts'
import { TroubleNotice } from './trouble.tsx'

interface OrderProps {
  readonly db: BoardDatabase
  /** By writer key, z-base-32. */
  readonly people: ReadonlyMap<string, Person>
  readonly colours: Colours
}

/** Loaded when it is looked at: the picture of the merged order. */
const PICTURES = import.meta.glob<{ OrderPanel: ComponentType<OrderProps> }>('../order/index.tsx')

/** The merged order of everybody's entries, and what became of each. */
export function HistoryPanel() {
  const session = useSession()
  const people = useStore(session.board, state => state.people)
  const colours = useStore(session.board, state => state.colours)
  const [picture, setPicture] = useState<{ OrderPanel: ComponentType<OrderProps> } | null>(null)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  useEffect(() => {
    const load = PICTURES['../order/index.tsx']
    load?.().then(setPicture, error => setTrouble(troubleOf(error)))
  }, [])
  if (trouble) return <TroubleNotice trouble={trouble} />
  if (!picture) return <p class="quiet">Loading …</p>
  return <picture.OrderPanel db={session.db} people={people} colours={colours} />
}
