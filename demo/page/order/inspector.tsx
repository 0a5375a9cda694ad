import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Head, OrderedUnit, WaitingUnit } from '../../../src/index.ts'
import { idOfKey } from '../../board/key-text.ts'
import { describe, reasonInWords, type Words } from './describe.ts'
import { inFull } from './times.ts'

export interface InspectorProps {
  readonly unit: OrderedUnit | WaitingUnit
  /** Positions that there are. */
  readonly length: number
  readonly words: Words
  /** A link was chosen. */
  onfollow(head: Head): void
  onclose(): void
}

/** All that can be told of one entry. */
export function Inspector({ unit, length, words, onfollow, onclose }: InspectorProps) {
  const writer = idOfKey(unit.key)
  const id = `${writer}/${unit.length}`
  const body = useRef<HTMLElement>(null)
  // another entry begins at its top
  useEffect(() => {
    if (body.current) body.current.scrollTop = 0
  }, [id])
  const count = unit.length - unit.start
  return (
    <section class="order-inspector" aria-labelledby="order-inspector-title">
      <header>
        <h3 id="order-inspector-title">
          <span class={`dot ${words.colourOf(writer)}`} aria-hidden="true" /> {words.nameOf(writer)}{' '}
          <Fate unit={unit} />
        </h3>
        <button type="button" class="button icon plain" aria-label="Close the details" onClick={onclose}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path
              d="M6 6l12 12M18 6L6 18"
              fill="none"
              stroke="currentColor"
              stroke-width="2"
              stroke-linecap="round"
            />
          </svg>
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard */}
      <section class="order-details" ref={body} tabIndex={0} aria-label="Details of the entry">
        {unit.reason || unit.state === 'waiting' ? <p class="order-why">{reasonInWords(unit)}</p> : null}
        <Values unit={unit} words={words} />
        <dl>
          <Fact name="Written">
            {unit.timestamp === null ? 'not known any more' : inFull(unit.timestamp)}
          </Fact>
          <Fact name="Place">
            {unit.position === null ? 'none yet' : `${unit.position + 1} of ${length} in the order`}
          </Fact>
          <Fact name="Log">
            {count === 1
              ? `entry ${unit.length} of this writer’s log`
              : `entries ${unit.start + 1} to ${unit.length} of this writer’s log`}
          </Fact>
          <Fact name="Kind">{kindOf(unit)}</Fact>
          <Fact name="Had seen">
            <Links unit={unit} words={words} onfollow={onfollow} />
          </Fact>
          {unit.roles.length > 0 && (
            <Fact name="Roles">
              {unit.roles.map(({ key, role }) => `${words.nameOf(idOfKey(key))}: ${ROLES[role]}`).join(', ')}
            </Fact>
          )}
          <Fact name="Writer key">
            <code>{writer}</code>
          </Fact>
        </dl>
        {unit.values && unit.values.length > 0 && (
          <details>
            <summary>As it was written</summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard */}
            <pre tabIndex={0}>{jsonOf(unit.values)}</pre>
          </details>
        )}
      </section>
    </section>
  )
}

const ROLES = { none: 'no member any more', writer: 'writer', indexer: 'writer who settles the order' }

function Fate({ unit }: { unit: OrderedUnit | WaitingUnit }) {
  if (unit.state === 'waiting') return <span class="badge honey">waiting</span>
  if (unit.verdict === 'skipped') return <span class="badge bad">skipped</span>
  return unit.isTentative ? (
    <span class="badge honey">applied on this device only</span>
  ) : (
    <span class="badge good">applied</span>
  )
}

function Values({ unit, words }: { unit: OrderedUnit | WaitingUnit; words: Words }) {
  if (unit.ack) return <p>Holds nothing: it only fixes the place of what it had seen.</p>
  if (!unit.isHere) return <p>What it holds is not kept on this device.</p>
  if (!unit.values) return <p>What it holds cannot be read.</p>
  return (
    <ul class="order-values">
      {unit.values.map((value, index) => (
        <li key={index}>{describe(value, words)}</li>
      ))}
    </ul>
  )
}

function Links({
  unit,
  words,
  onfollow
}: Pick<InspectorProps, 'words' | 'onfollow'> & { unit: OrderedUnit | WaitingUnit }) {
  const own: Head[] = unit.start > 0 ? [{ key: unit.key, length: unit.start }] : []
  const heads = [...own, ...unit.links]
  if (heads.length === 0) return <>nothing before it</>
  return (
    <ul class="order-links">
      {heads.map(head => {
        const writer = idOfKey(head.key)
        return (
          <li key={`${writer}/${head.length}`}>
            <button type="button" class="button order-link" onClick={() => onfollow(head)}>
              <span class={`dot ${words.colourOf(writer)}`} aria-hidden="true" />
              {words.nameOf(writer)}, entry {head.length}
            </button>
          </li>
        )
      })}
    </ul>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

function kindOf({ ack, optimistic, start, length }: OrderedUnit | WaitingUnit): string {
  if (ack) return 'a confirmation'
  const size =
    length - start === 1 ? 'one change' : `${length - start} changes, applied together or not at all`
  return optimistic ? `${size}; written before its writer was a member` : size
}

function jsonOf(values: readonly unknown[]): string {
  return values.map(value => JSON.stringify(value, null, 2) ?? String(value)).join('\n')
}
