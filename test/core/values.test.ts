import b4a from 'b4a'
import { expect, test } from 'vitest'
import type { ApplyNode, Host, HyperbeeView } from '../../src/index.ts'
import { collect, connect, contents, harness, until } from './harness.ts'

const h = harness()

/** Keeps what the nodes hold, in their order; a value `{ add }` adds a writer. */
function recording(seen: unknown[]) {
  return async (nodes: ApplyNode[], view: HyperbeeView, host: Host) => {
    for (const { value } of nodes as unknown as { value: { add?: string } | null }[]) {
      if (value?.add) host.addWriter(value.add)
      else seen.push(value)
      const batch = view.write()
      batch.tryPut(b4a.from(`${seen.length}`), b4a.from('x'))
      await batch.flush()
    }
  }
}

test('valueEncoding json: append takes and apply gets anything JSON has', async () => {
  const seen: unknown[] = []
  const a = await h.peer(null, { valueEncoding: 'json', apply: recording(seen) })
  const values = [{ a: [1, null] }, 'text', 5, true, null]
  for (const value of values) await a.append([value])
  expect(seen).toEqual(values)
  await expect(a.append(undefined)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(a.append(() => {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  const circle: { self?: unknown } = {}
  circle.self = circle
  await expect(a.append(circle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(a.local.length).toBe(values.length)
})

test('valueEncoding utf-8: strings', async () => {
  const seen: unknown[] = []
  const a = await h.peer(null, { valueEncoding: 'utf-8', apply: recording(seen) })
  await a.append(['grüezi', '', '日本'])
  expect(seen).toEqual(['grüezi', '', '日本'])
  await expect(a.append(b4a.from('x'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('valueEncoding of the user: a codec; what it throws is INVALID_ARGUMENT', async () => {
  const seen: unknown[] = []
  const valueEncoding = {
    name: 'date',
    encode: (date: Date) => b4a.from(date.toISOString()),
    decode: (bytes: Uint8Array) => new Date(b4a.toString(bytes))
  }
  const a = await h.peer(null, { valueEncoding: valueEncoding as never, apply: recording(seen) })
  const date = new Date(0)
  await a.append(date)
  expect(seen).toEqual([date])
  await expect(a.append('no date')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(a.local.length).toBe(1)
})

test('a remote unit with a value that does not decode is skipped whole: INVALID_VALUE', async () => {
  const seen: unknown[] = []
  const a = await h.peer(null, { valueEncoding: 'json', apply: recording(seen) })
  const b = await h.peer(a.key, { valueEncoding: 'json', apply: recording([]) })
  const evil = await h.hostile(a.key as Uint8Array)
  const rejected = [collect(a, 'rejected'), collect(b, 'rejected')]
  const errors = collect(a, 'error')
  connect(a, evil)
  connect(a, b)
  await a.append({ add: evil.core.id })
  const timestamp = Date.now()
  await evil.write(
    { value: b4a.from('"fine"'), batch: { start: 0, end: 1 }, timestamp },
    { value: b4a.from('{broken'), batch: { start: 1, end: 0 }, timestamp },
    { value: b4a.from('"after"'), timestamp }
  )
  await until(() => rejected.every(list => list.length > 0) && seen.length > 0)
  await a.append('own')
  for (const list of rejected)
    expect(list).toContainEqual({ key: evil.key, length: 2, reason: 'INVALID_VALUE' })
  expect([...new Set(seen)]).toEqual(['after', 'own'])
  expect(errors).toEqual([])
  expect([...a.writers].map(writer => writer.state)).toEqual(['active', 'active'])
})

/** Interrupts on values that are on the list. */
function interrupting(list: Set<string>) {
  return async (nodes: ApplyNode[], view: HyperbeeView, host: Host) => {
    for (const { value } of nodes) {
      const text = b4a.toString(value)
      const batch = view.write()
      batch.tryPut(b4a.from(text), value)
      await batch.flush()
      if (text.startsWith('add ')) host.addWriter(text.slice(4))
      if (list.has(text)) host.interrupt(`saw ${text}`)
    }
  }
}

test('an interrupt on a local append rejects INTERRUPTED, and writes nothing', async () => {
  const interrupts: string[] = []
  const a = await h.peer(null, { apply: interrupting(new Set(['stop'])) })
  a.on('interrupt', reason => interrupts.push(reason))
  await a.append('one')
  const error = await a.append(['two', 'stop', 'three']).catch(reason => reason)
  expect(error).toMatchObject({ code: 'INTERRUPTED', reason: 'saw stop' })
  expect(a.local.length).toBe(1)
  await a.append('four')
  expect(Object.keys(await contents(a))).toEqual(['four', 'one'])
  expect(interrupts).toEqual([])
})

test('an interrupt that apply swallows is one all the same', async () => {
  const a = await h.peer(null, {
    apply(_, __, host) {
      try {
        host.interrupt('quietly')
      } catch {
        // as if nothing had happened
      }
    }
  })
  await expect(a.append('x')).rejects.toMatchObject({ code: 'INTERRUPTED', reason: 'quietly' })
  expect(a.local.length).toBe(0)
})

test('a remote unit that interrupts waits for update(); local appends go on meanwhile', async () => {
  const stop = new Set(['stop'])
  const a = await h.peer(null, { apply: interrupting(new Set()) })
  const b = await h.peer(a.key, { apply: interrupting(stop) })
  const interrupts: string[] = []
  b.on('interrupt', reason => interrupts.push(reason))
  const cut = connect(a, b)
  await a.append(`add ${b.local.id}`)
  await until(() => b.writable)
  await a.append('stop')
  await a.append('after')
  await until(() => interrupts.length > 0)
  expect(interrupts).toEqual(['saw stop'])
  await b.append('meanwhile')
  expect(Object.keys(await contents(b)).sort()).toEqual([`add ${b.local.id}`, 'meanwhile'].sort())
  await cut()
  await expect(b.flush()).rejects.toMatchObject({ code: 'WAITING', reason: 'INTERRUPTED' })
  expect(interrupts.length).toBeGreaterThan(1)
  await expect(b.update()).resolves.toBeUndefined()
  stop.clear()
  await b.update()
  expect(Object.keys(await contents(b)).length).toBe(4)
  connect(a, b)
  await until(async () => 'meanwhile' in (await contents(a)))
  await b.flush()
  expect(await contents(a)).toEqual(await contents(b))
})

test('a database that is closed while a remote unit interrupts reopens, and tries it again', async () => {
  const stop = new Set(['stop'])
  const store = await h.store()
  const a = await h.peer(null, { apply: interrupting(new Set()) })
  const b = await h.peer(a.key, { apply: interrupting(stop), store })
  const interrupts = collect(b, 'interrupt')
  const cut = connect(a, b)
  await a.append(`add ${b.local.id}`)
  await until(() => b.writable)
  await a.append('stop')
  await until(() => interrupts.length > 0)
  await b.append('meanwhile')
  await cut()
  await b.close()
  const again = await h.peer(a.key, { apply: interrupting(new Set()), store })
  connect(a, again)
  await until(async () => 'meanwhile' in (await contents(a)) && 'stop' in (await contents(again)))
  await again.flush()
  expect(await contents(again)).toEqual(await contents(a))
})

test('a stranger’s unit that interrupts is refused, and stops nobody', async () => {
  const a = await h.peer(null, { apply: interrupting(new Set(['stop'])) })
  const interrupts = collect(a, 'interrupt')
  await a.append('one')
  const evil = await h.hostile(a.key as Uint8Array)
  let fetched = 0
  evil.core.on('upload', () => fetched++)
  connect(a, evil)
  await evil.write({ value: b4a.from('stop'), optimistic: true })
  await until(() => fetched > 0)
  await a.append('two')
  await a.flush()
  expect(Object.keys(await contents(a))).toEqual(['one', 'two'])
  expect(interrupts).toEqual([])
})
