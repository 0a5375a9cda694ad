import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinOp, newInvite } from '../../demo/board/invitation.ts'
import { readBin, readInvites, readItem, readList, readLists, readRows } from '../../demo/board/model.ts'
import type { Op } from '../../demo/board/ops.ts'
import { placeBetween } from '../../demo/board/places.ts'
import type { Autobee } from '../../src/index.ts'
import { agreed, BoardHarness, connect, knock, until } from './harness.ts'
import { counted, recount } from './recount.ts'

const KINDS = [
  'item',
  'text',
  'note',
  'title',
  'done',
  'move',
  'remove',
  'restore',
  'list',
  'unlist',
  'settle',
  'me',
  'purge'
] as const

/** One thing that one peer does, by numbers that say which; or who is connected from then on. */
interface Deed {
  readonly by: number
  readonly kind: (typeof KINDS)[number]
  readonly pick: number
  readonly at: number
}

type Step = Deed | { readonly links: readonly boolean[] }

function stepOf(kinds: readonly (typeof KINDS)[number][]): fc.Arbitrary<Step> {
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        by: fc.nat(2),
        kind: fc.constantFrom(...kinds),
        pick: fc.nat(1_000),
        at: fc.nat(1_000)
      })
    },
    { weight: 1, arbitrary: fc.record({ links: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }) }) }
  )
}

const LASTING = KINDS.filter(kind => kind !== 'purge')
const FLEETING = ['item', 'note', 'text', 'remove', 'restore', 'list', 'unlist', 'purge', 'purge'] as const

/** Peers who act on what they see, as a page does, and a record of all that was written. */
class World {
  readonly peers: Autobee[]
  /** Every text, note and title: each a word of its own. */
  readonly written = new Set<string>()
  /** Those that somebody wrote over, or dropped, having seen them. */
  readonly replaced = new Set<string>()
  #links: (() => Promise<void>)[] = []
  #words = 0

  constructor(peers: Autobee[]) {
    this.peers = peers
  }

  async link(links: readonly boolean[]): Promise<void> {
    await Promise.all(this.#links.splice(0).map(cut => cut()))
    const [a, b, c] = this.peers as [Autobee, Autobee, Autobee]
    const pairs = [
      [a, b],
      [b, c],
      [c, a]
    ] as const
    for (const [i, pair] of pairs.entries()) if (links[i]) this.#links.push(connect(...pair))
  }

  async act({ by, kind, pick, at }: Deed): Promise<void> {
    const db = this.peers[by] as Autobee
    const op = await this.#op(db, { kind, pick, at })
    if (op) await db.append(op)
  }

  async #op(db: Autobee, { kind, pick, at }: Omit<Deed, 'by'>): Promise<Op | null> {
    const { view } = db
    const lists = await readLists(view)
    const list = lists[pick % Math.max(1, lists.length)]
    const rows = list ? await readRows(view, list.id) : []
    const row = rows[at % Math.max(1, rows.length)]
    const i = at % (rows.length + 1)
    const place = placeBetween([rows[i - 1]?.place ?? null, rows[i]?.place ?? null])
    const id = `${kind}-${this.#words}`
    if (kind === 'me') return { op: 'me', name: `name ${pick}` }
    if (kind === 'list') return { op: 'list', id, title: this.#word(), place }
    if (kind === 'restore' || kind === 'purge') {
      const bin = await readBin(view)
      const binned = bin[pick % Math.max(1, bin.length)]
      return binned ? { op: kind, id: binned.id } : null
    }
    if (!list) return null
    if (kind === 'item') return { op: 'item', id, list: list.id, text: this.#word(), place }
    if (kind === 'unlist') return { op: 'unlist', id: list.id }
    if (kind === 'title')
      return { op: 'list', id: list.id, title: this.#word(), was: this.#over(list.title.value) }
    if (!row) return null
    const item = await readItem(view, row.id)
    if (kind === 'done') return { op: 'edit', id: row.id, done: !row.done }
    if (kind === 'move') return { op: 'move', id: row.id, list: (lists[at % lists.length] ?? list).id, place }
    if (kind === 'remove') return { op: 'remove', id: row.id }
    if (kind === 'text') return { op: 'edit', id: row.id, text: this.#word(), was: this.#over(row.text) }
    if (kind === 'note')
      return { op: 'edit', id: row.id, note: this.#word(), was: this.#over(item?.note?.value ?? '') }
    const other = item?.others[0] ?? (await readList(view, list.id))?.others[0]
    if (!other) return null
    this.#over(other.value)
    return { op: 'settle', id: item?.others[0] ? row.id : list.id, version: other.version }
  }

  #word(): string {
    const word = `<word ${++this.#words}>`
    this.written.add(word)
    return word
  }

  #over(word: string): string {
    this.replaced.add(word)
    return word
  }
}

/** Three members; the third came by an invitation. */
async function world(h: BoardHarness): Promise<World> {
  const { founder, members } = await h.board(1)
  const { seed, publicKey } = newInvite()
  await founder.append({ op: 'invite', publicKey, label: 'third' })
  const third = await h.peer(founder.key)
  connect(founder, third)
  await until(async () => (await readInvites(third.view)).length === 1)
  await knock(third, joinOp(seed, { key: founder.key as Uint8Array, writer: third.local.key, name: 'Third' }))
  await until(() => third.writable)
  await agreed(founder, ...members, third)
  return new World([founder, ...members, third])
}

test('three members with partitions, whatever they do: one view, no word lost that nobody saw, counts right', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepOf(LASTING), { minLength: 10, maxLength: 60 }), async steps => {
      const h = new BoardHarness()
      try {
        const w = await world(h)
        await w.link([false, false, false])
        for (const one of steps) await ('links' in one ? w.link(one.links) : w.act(one))
        await w.link([true, true, true])
        const view = await agreed(...w.peers)
        const all = JSON.stringify(view)
        expect([...w.written].filter(word => !w.replaced.has(word) && !all.includes(word))).toEqual([])
        expect(counted(view)).toEqual(recount(view))
      } finally {
        await h.clean()
      }
    }),
    { numRuns: 15, interruptAfterTimeLimit: 40_000 }
  )
}, 60_000)

test('three members with partitions who also delete for good: one view, counts right, nothing left of what is gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepOf(FLEETING), { minLength: 20, maxLength: 60 }), async steps => {
      const h = new BoardHarness()
      try {
        const w = await world(h)
        for (const one of steps) await ('links' in one ? w.link(one.links) : w.act(one))
        await w.link([true, true, true])
        const view = await agreed(...w.peers)
        expect(counted(view)).toEqual(recount(view))
      } finally {
        await h.clean()
      }
    }),
    { numRuns: 15, interruptAfterTimeLimit: 40_000 }
  )
}, 60_000)
