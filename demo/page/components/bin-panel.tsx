import { useState } from 'preact/hooks'
import { useStore } from '../state/store.ts'
import { Confirm, type Question } from './dialog.tsx'
import { keepFocus, panelTitle } from './focus.ts'
import { useSession, useWritable } from './session-context.ts'
import { ago } from './time.ts'

/** What was removed, the latest first, with a way back. */
export function BinPanel() {
  const session = useSession()
  const bin = useStore(session.board, state => state.bin)
  const count = useStore(session.board, state => state.counts.bin)
  const writable = useWritable()
  const [question, setQuestion] = useState<Question | null>(null)
  if (bin.length === 0) return <p class="quiet">Nothing was removed.</p>
  const empty = () =>
    setQuestion({
      title: 'Empty the bin?',
      text: 'What is in it is deleted for good, for everybody on the board. The history still tells what was written.',
      yes: 'Empty the bin',
      run: () => void session.emptyBin().then(() => keepFocus(panelTitle))
    })
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
      {writable && (
        <div class="row">
          <button type="button" class="button danger" onClick={empty}>
            Empty the bin
          </button>
        </div>
      )}
      {question && <Confirm question={question} onclose={() => setQuestion(null)} />}
    </>
  )
}
