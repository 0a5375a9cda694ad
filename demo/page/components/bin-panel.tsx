import { useStore } from '../state/store.ts'
import { keepFocus, panelTitle } from './focus.ts'
import { useSession, useWritable } from './session-context.ts'
import { ago } from './time.ts'

/** What was removed, the latest first, with a way back. */
export function BinPanel() {
  const session = useSession()
  const bin = useStore(session.board, state => state.bin)
  const count = useStore(session.board, state => state.counts.bin)
  const writable = useWritable()
  if (bin.length === 0) return <p class="quiet">Nothing was removed.</p>
  return (
    <>
      <ul class="kept">
        {bin.map(({ id, kind, text, at }) => (
          <li key={id}>
            <span class="grow">
              {text} <span class="small quiet">{kind === 'list' ? `list, ${ago(at)}` : ago(at)}</span>
            </span>
            {writable && (
              <button
                type="button"
                class="button"
                onClick={() => void session.act({ op: 'restore', id }).then(() => keepFocus(panelTitle))}
              >
                Restore<span class="unseen"> {text}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {count > bin.length && <p class="small quiet">And {count - bin.length} older ones.</p>}
    </>
  )
}
