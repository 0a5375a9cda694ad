import type { ItemChange } from './changes.ts'
import type { Person } from './model-types.ts'
import { Store } from './store.ts'

/** What others do is told in one sentence at a time, so often at most, ms. */
const PAUSE = 2_000
/** So long a change is taken for the own one after the own one, ms. */
const OWN = 10_000

/** What others change, in sentences for those who do not see it happen. */
export class News extends Store<{ readonly sentence: string }> {
  readonly #own = new Map<string, number>()
  #waiting: string[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super({ sentence: '' })
  }

  /** What is changed here is no news. */
  own(id: string): void {
    this.#own.set(id, Date.now())
  }

  tell(
    changes: readonly ItemChange[],
    { me, people }: { me: string; people: ReadonlyMap<string, Person> }
  ): void {
    const now = Date.now()
    for (const [id, at] of this.#own) if (now - at > OWN) this.#own.delete(id)
    for (const change of changes) {
      if (this.#own.has(change.id)) continue
      const sentence = sentenceOf(change, { me, people })
      if (sentence) this.#waiting.push(sentence)
    }
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#say(), PAUSE)
  }

  #say(): void {
    this.#timer = undefined
    const [first = '', ...others] = this.#waiting
    this.#waiting = []
    this.set({ sentence: others.length === 0 ? first : `${others.length + 1} items were changed by others.` })
  }
}

function sentenceOf(
  { before, after }: ItemChange,
  { me, people }: { me: string; people: ReadonlyMap<string, Person> }
): string | null {
  if (!after) return null
  const text = `“${after.text.value}”`
  const nameOf = (key: string) => people.get(key)?.name ?? 'Somebody'
  if (!before) return after.created.by === me ? null : `${nameOf(after.created.by)} added ${text}.`
  if (!before.removed && after.removed)
    return after.removed.by === me ? null : `${nameOf(after.removed.by)} removed ${text}.`
  if (before.removed && !after.removed) return `${text} is back.`
  if (before.text.version !== after.text.version)
    return after.text.by === me ? null : `${nameOf(after.text.by)} changed “${before.text.value}” to ${text}.`
  if (before.done !== after.done) return after.done ? `${text} is done.` : `${text} is not done.`
  if (before.list !== after.list) return `${text} was moved.`
  return null
}
