import { describe, expect, test } from 'vitest'
import { Autobee, type AutobeeOptions, type Host, type TypedBee, typed } from '../../src/index.ts'
import { connect, harness, until } from '../core/harness.ts'
import { all, keys, next } from './harness.ts'

const h = harness()

interface Todo {
  readonly text: string
  readonly done: boolean
}
type View = TypedBee<string, Todo>
interface Add {
  readonly id: string
  readonly text: string
}

/** A database whose own view is a typed bee, in `apply` and outside. */
const options: AutobeeOptions<View> = {
  valueEncoding: 'json',
  open: bee => typed<string, Todo>(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' }),
  async apply(nodes, view, host: Host) {
    for (const node of nodes) {
      const { id, text, addWriter } = node.value as unknown as Add & { addWriter?: string }
      if (addWriter) host.addWriter(addWriter)
      else await add(view, { id, text })
    }
  }
}

async function add(view: View, { id, text }: Add): Promise<void> {
  const batch = view.write()
  const count = await view.sub<string, number>('count', { valueEncoding: 'json' }).get('all')
  batch.tryPut(id, { text, done: (await view.get(id)) !== null })
  await batch.flush()
  const counts = view.sub<string, number>('count', { valueEncoding: 'json' }).write()
  counts.tryPut('all', (count?.value ?? 0) + 1)
  await counts.flush()
}

describe('as the view of a database', () => {
  test('it is written in apply and read outside, typed both ways', async () => {
    const a = await h.peer<View>(null, options)
    const b = await h.peer<View>(a.key, options)
    connect(a, b)
    await a.append({ addWriter: b.local.id })
    await until(() => b.writable)
    const watcher = a.view.watch({ prefix: 'todo/' })
    await b.append([
      { id: 'todo/1', text: 'one' },
      { id: 'todo/1', text: 'again' }
    ])
    const [current] = await next(watcher)
    expect(await all(current.createReadStream({ prefix: 'todo/' }))).toEqual([
      { key: 'todo/1', value: { text: 'again', done: true } }
    ])
    expect(await a.view.sub<string, number>('count', { valueEncoding: 'json' }).get('all')).toEqual({
      key: 'all',
      value: 2
    })
    expect(await keys(b.view.createReadStream())).toEqual(['count\0all', 'todo/1'])
    await watcher.close()
  })

  test('outside of apply it is not written, and in apply not watched', async () => {
    const codes: unknown[] = []
    const db = await h.peer<View>(null, {
      ...options,
      async apply(_, view) {
        codes.push(
          codeOf(() => view.watch()),
          view.writable,
          view.isLive
        )
        const sub = view.sub('x').write()
        codes.push(
          codeOf(() => sub.tryClear()),
          codeOf(() => view.write().tryPut('a', undefined as never))
        )
        await sub.close()
        const batch = view.write()
        batch.tryPut('a', { text: 'a', done: false })
        codes.push(await view.get('a'), batch.closed)
        await batch.flush()
        codes.push((await view.peek())?.key, batch.closed)
      }
    })
    await db.append('x')
    expect(codes).toEqual([
      'NOT_SUPPORTED',
      true,
      false,
      'NOT_SUPPORTED',
      'INVALID_ARGUMENT',
      null,
      false,
      'a',
      true
    ])
    expect(codeOf(() => db.view.write())).toBe('NOT_WRITABLE')
    expect([db.view.writable, db.view.isLive]).toEqual([false, true])
  })

  test('tryClear empties the tree', async () => {
    const db = await h.peer<View>(null, {
      ...options,
      async apply(nodes, view) {
        const batch = view.write()
        if ((nodes[0]?.value as unknown) === 'clear') batch.tryClear()
        batch.tryPut(String(nodes[0]?.value), { text: '', done: true })
        await batch.flush()
      }
    })
    await db.append('one')
    await db.append('clear')
    expect(await keys(db.view.createReadStream())).toEqual(['clear'])
    expect(Autobee.isAutobee(db)).toBe(true)
  })
})

function codeOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return null
}
