import b4a from 'b4a'
import type { Changes } from '../../src/index.ts'
import { idOf, PEOPLE, REQUESTS } from '../board/keys.ts'
import type { PersonRecord, RequestRecord } from '../board/records.ts'

/** Clocks of two people may differ by so much, ms. */
const DRIFT = 60_000

/** Says who asks, and who has come in since it was made; each once. */
export class Newcomers {
  readonly #since = Date.now() - DRIFT
  readonly #told = new Set<string>()
  readonly #own: () => string
  readonly #tell: (sentence: string) => void

  /** @param own writer key of this peer, z-base-32 */
  constructor(own: () => string, tell: (sentence: string) => void) {
    this.#own = own
    this.#tell = tell
  }

  async read(changes: Changes): Promise<void> {
    for await (const { key, after } of changes) {
      if (after) this.#look(b4a.toString(key), b4a.toString(after))
    }
  }

  #look(key: string, record: string): void {
    if (idOf(key) === this.#own()) return
    if (key.startsWith(REQUESTS)) {
      const { name } = JSON.parse(record) as RequestRecord
      this.#once(key, `${name} asks to write: answer in the page.`)
    } else if (key.startsWith(PEOPLE)) {
      const { name, isMember, since } = JSON.parse(record) as PersonRecord
      if (isMember && since.at >= this.#since) this.#once(key, `${name ?? 'Somebody'} may write now.`)
    }
  }

  #once(key: string, sentence: string): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#tell(sentence)
  }
}
