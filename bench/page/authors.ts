/** Those who write the board that the page shows: databases in the memory of this process. */
import { openStore } from '../../adapters/storage/file.ts'
import { memory } from '../../adapters/storage/memory.ts'
import { connectRelay } from '../../adapters/transport/websocket.ts'
import { apply } from '../../demo/board/apply.ts'
import { placeBetween } from '../../demo/board/places.ts'
import { Autobee } from '../../src/index.ts'
import type { Scope } from '../scope.ts'

const LISTS = 10
/** Appends that are begun at once. */
const AT_ONCE = 500

export interface Board {
  readonly key: Uint8Array
  /** Key as z-base-32. */
  readonly id: string
  /** Positions of its order, as its founder has it. */
  readonly length: number
  /**
   * Entries that one member wrote while it was away, and a few that came after them, come together: the few are there before, and
   * are applied again. Resolves when the founder has merged them.
   */
  merge(member: number, count: number): Promise<void>
}

/** A board of so many entries with that many more members, that a relay leads to. */
export async function makeBoard(
  scope: Scope,
  { entries, members: count, relay }: { entries: number; members: number; relay: string }
): Promise<Board> {
  const founder = await open(scope, null)
  await founder.append({ op: 'board', name: 'Ten thousand' })
  for (let list = 0; list < LISTS; list++)
    await founder.append({ op: 'list', id: `list-${list}`, title: `List ${list + 1}` })
  const members: Autobee[] = []
  for (let index = 0; index < count; index++) {
    const member = await open(scope, founder.key)
    members.push(member)
    const cut = connect(founder, member)
    await founder.append({ op: 'admit', key: member.local.id })
    await until(member, () => member.writable)
    await member.append({ op: 'list', id: `away-${index}`, title: `Away ${index + 1}` })
    await until(founder, () => founder.orderLength >= LISTS + 1 + 2 * (index + 1))
    await cut()
  }
  await write(founder, {
    list: index => `list-${index % LISTS}`,
    count: entries - founder.orderLength,
    name: 'item'
  })
  const link = connectRelay(founder, relay)
  scope.defer(() => link.close())
  return {
    key: founder.key as Uint8Array,
    id: founder.local.id,
    get length() {
      return founder.orderLength
    },
    async merge(index, count) {
      const member = members[index] as Autobee
      await write(member, { list: () => `away-${index}`, count, name: `away-${index}` })
      await write(founder, { list: () => 'list-0', count: 20, name: `late-${index}` })
      const wanted = founder.orderLength + count
      const cut = connect(founder, member)
      await until(founder, () => founder.orderLength >= wanted)
      await cut()
    }
  }
}

async function until(db: Autobee, condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>(resolve => db.once('update', resolve))
}

async function open(scope: Scope, key: Uint8Array | null): Promise<Autobee> {
  const store = await openStore(memory())
  const db = new Autobee(store, key, { apply, valueEncoding: 'json', ackInterval: 0 })
  scope.defer(async () => {
    await db.close()
    await store.close()
  })
  await db.ready()
  return db
}

async function write(
  db: Autobee,
  { list, count, name }: { list: (index: number) => string; count: number; name: string }
): Promise<void> {
  let place: string | null = null
  for (let done = 0; done < count; done += AT_ONCE) {
    const appends: Promise<unknown>[] = []
    for (let i = done; i < Math.min(count, done + AT_ONCE); i++) {
      place = placeBetween([place, null])
      appends.push(
        db.append({ op: 'item', id: `${name}-${i}`, list: list(i), text: `Thing number ${i + 1}`, place })
      )
    }
    await Promise.all(appends)
  }
}

function connect(a: Autobee, b: Autobee): () => Promise<unknown> {
  const streams = [a.replicate(true), b.replicate(false)] as const
  for (const stream of streams) stream.on('error', () => {})
  streams[0].pipe(streams[1] as never)
  streams[1].pipe(streams[0] as never)
  const closed = Promise.all(
    streams.map(stream => new Promise(resolve => stream.once('close', () => resolve(null))))
  )
  return () => {
    for (const stream of streams) stream.destroy()
    return closed
  }
}
