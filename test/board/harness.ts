import b4a from 'b4a'
import { afterEach } from 'vitest'
import { memory } from '../../adapters/storage/memory.ts'
import { openStoreWith } from '../../adapters/storage/open-store.ts'
import { apply } from '../../demo/board/apply.ts'
import type { Op } from '../../demo/board/ops.ts'
import { Autobee, type AutobeeOptions, type HyperbeeView, type KeyLike } from '../../src/index.ts'
import { connect, contents, until } from '../support/peers.ts'

const openStore = openStoreWith(memory)

/** Opens boards in memory, and closes them after each case. */
export class BoardHarness {
  readonly #closing: (() => Promise<void>)[] = []
  readonly #now: () => number

  /** @param options.now ms; default: the real clock, by which several entries have the same time */
  constructor({ now = Date.now }: { now?: () => number } = {}) {
    this.#now = now
  }

  /** A peer of a board; without a key, of a new one. */
  async peer(key: KeyLike | null = null, options: AutobeeOptions<HyperbeeView> = {}): Promise<Autobee> {
    const store = await openStore(memory())
    const db = new Autobee(store, key, {
      valueEncoding: 'json',
      apply,
      ackInterval: 0,
      now: this.#now,
      ...options
    })
    this.#closing.push(async () => {
      await db.close()
      await store.close()
    })
    await db.ready()
    return db
  }

  /** A new board with the list `todo`, and `count` more members, all connected to its founder. */
  async board(count = 0): Promise<{ founder: Autobee; members: Autobee[]; cut(): Promise<void> }> {
    const founder = await this.peer()
    await founder.append([
      { op: 'board', name: 'Our board' },
      { op: 'list', id: 'todo', title: 'To do' }
    ] satisfies Op[])
    const members: Autobee[] = []
    const cuts: (() => Promise<void>)[] = []
    for (let i = 0; i < count; i++) {
      const member = await this.peer(founder.key)
      cuts.push(connect(founder, member))
      await founder.append({ op: 'admit', key: member.local.id } satisfies Op)
      await until(() => member.writable)
      members.push(member)
    }
    return {
      founder,
      members,
      cut: async () => void (await Promise.all(cuts.splice(0).map(cut => cut())))
    }
  }

  async clean(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map(close => close()))
  }
}

/** By a clock that never says the same time twice. */
export function harness(): BoardHarness {
  let ms = Date.now()
  const h = new BoardHarness({ now: () => ++ms })
  afterEach(() => h.clean())
  return h
}

/** Appends ops as one unit. */
export async function act(db: Autobee, ...ops: Op[]): Promise<void> {
  await db.append(ops)
}

/** Appends as somebody who is no member. */
export async function knock(db: Autobee, op: Op): Promise<void> {
  await db.append(op, { optimistic: true })
}

/** Waits until all have the same entries in the same order, and gives the view that they all have. */
export async function agreed(...peers: Autobee[]): Promise<Record<string, string>> {
  let views: Record<string, string>[] = []
  await until(async () => {
    for (const db of peers) await db.update()
    const lengths = peers.map(db => JSON.stringify(lengthsOf(db)))
    if (new Set(lengths).size > 1) return false
    views = await Promise.all(peers.map(contents))
    return new Set(views.map(view => JSON.stringify(view))).size === 1
  })
  return views[0] as Record<string, string>
}

function lengthsOf(db: Autobee): [string, number][] {
  return db
    .oplogs()
    .map(({ key, length }): [string, number] => [b4a.toString(key, 'hex'), length])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

export { connect, contents, until }
