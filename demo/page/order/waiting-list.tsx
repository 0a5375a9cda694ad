import { reasonInWords, summarise, type Words } from './describe.ts'
import type { Waiting } from './order-reader.ts'

export interface WaitingListProps {
  readonly waiting: readonly Waiting[]
  readonly selected: string | null
  readonly words: Words
  onselect(waiting: Waiting): void
}

/** What is here and has no place in the order yet, apart from it. */
export function WaitingList({ waiting, selected, words, onselect }: WaitingListProps) {
  if (waiting.length === 0) return null
  return (
    <section class="order-waiting" aria-label="Entries that wait">
      <h3>Waiting for a place</h3>
      <ul>
        {waiting.map(one => (
          <li key={one.id}>
            <button
              type="button"
              class="order-wait"
              aria-pressed={one.id === selected}
              onClick={() => onselect(one)}
            >
              <svg width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true">
                <circle class={`order-core ${words.colourOf(one.writer)}`} r="6" />
              </svg>
              <span class="order-text">
                <span class={`order-name ${words.colourOf(one.writer)}`}>{words.nameOf(one.writer)}</span>{' '}
                {summarise(one.unit, words)}
                <span class="order-wait-why">{reasonInWords(one.unit)}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
