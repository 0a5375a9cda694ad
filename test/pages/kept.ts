import { expect } from 'vitest'
import { viewOf } from './apply.ts'
import type { Acknowledged, Contents, Told } from './client.ts'

/** What pages have told. */
export class Heard {
  readonly #all: Told[] = []
  #check = () => {}

  hear(what: Told): void {
    this.#all.push(what)
    this.#check()
  }

  get appends(): Acknowledged[] {
    return this.#all.filter(what => what !== 'transaction')
  }

  /** Resolves when so much more was told. */
  count(wanted: number): Promise<void> {
    const all = this.#all.length + wanted
    return this.#until(() => this.#all.length >= all)
  }

  /** Resolves when a page tells of a transaction. */
  transaction(): Promise<void> {
    return this.#until(() => this.#all.includes('transaction'))
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise(resolve => {
      this.#check = () => {
        if (condition()) resolve()
      }
    })
  }
}

/** The only writer's database: what its oplog has is there once, and the view is what comes of it in that order. */
export function expectWhole({ oplog, view }: Contents): void {
  expect(new Set(oplog).size).toBe(oplog.length)
  expect(view).toEqual(viewOf(oplog))
}

/**
 * All that was acknowledged is where it was said to be; units that were not are there whole, or not at all. Else the message has
 * what the browser complained of.
 */
export function expectKept(
  contents: Contents,
  acknowledged: readonly Acknowledged[],
  complaints: readonly string[] = []
): void {
  expectWhole(contents)
  const { oplog } = contents
  const lost = acknowledged.filter(({ length, ids }) =>
    ids.some((id, i) => oplog[length - ids.length + i] !== id)
  )
  expect(lost, `of ${oplog.length} entries; ${complaints.join('\n')}`).toEqual([])
  const torn = oplog.filter((id, i) => {
    const [prefix, unit, place, size] = id.split('.')
    const first = i - Number(place)
    return !Array.from({ length: Number(size) }, (_, n) => `${prefix}.${unit}.${n}.${size}`).every(
      (expected, n) => oplog[first + n] === expected
    )
  })
  expect(torn).toEqual([])
}
