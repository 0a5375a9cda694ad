import { useEffect, useState } from 'preact/hooks'
import type { HyperbeeView } from '../../../src/index.ts'
import { useStore } from '../state/store.ts'
import { useSession } from './session-context.ts'

const PORTION = 100

interface Entry {
  readonly key: string
  readonly value: string
}

/** The merged view as it is: every peer with the same entries has these keys and values. */
export function ViewContents() {
  const [isOpen, setOpen] = useState(false)
  return (
    <section class="section" aria-labelledby="view">
      <h3 id="view">The view</h3>
      <p class="small quiet">
        All entries, merged into keys and values. Everybody who has the same entries has the same ones.
      </p>
      <details onToggle={event => setOpen(event.currentTarget.open)}>
        <summary>Key by key</summary>
        {isOpen && <Entries />}
      </details>
    </section>
  )
}

function Entries() {
  const { board, db } = useSession()
  // another object with each state of the view that is shown
  const state = useStore(board, state => state)
  const [limit, setLimit] = useState(PORTION)
  const [entries, setEntries] = useState<readonly Entry[] | null>(null)
  const [problem, setProblem] = useState('')
  useEffect(() => {
    let isLatest = true
    read(db.view.snapshot(), limit + 1).then(
      found => isLatest && setEntries(found),
      error => isLatest && setProblem(`The view cannot be read: ${String(error)}`)
    )
    return () => {
      isLatest = false
    }
  }, [db, state, limit])
  if (problem) return <p role="alert">{problem}</p>
  if (!entries) return <p class="quiet">Loading …</p>
  return (
    <>
      <dl class="entries small">
        {entries.slice(0, limit).map(({ key, value }) => [
          <dt key={key} class="mono">
            {key}
          </dt>,
          <dd key={`${key} is`} class="mono quiet">
            {value}
          </dd>
        ])}
      </dl>
      {entries.length > limit && (
        <button type="button" class="button" onClick={() => setLimit(limit + PORTION)}>
          Show more
        </button>
      )}
    </>
  )
}

async function read(view: HyperbeeView, limit: number): Promise<Entry[]> {
  const text = new TextDecoder()
  const entries: Entry[] = []
  for await (const { key, value } of view.createReadStream({ limit }))
    entries.push({ key: text.decode(key), value: text.decode(value ?? new Uint8Array(0)) })
  return entries
}
