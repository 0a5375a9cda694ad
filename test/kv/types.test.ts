import c from 'compact-encoding'
import type Corestore from 'corestore'
import { expectTypeOf, test } from 'vitest'
import { connectTcp, listenTcp } from '../../adapters/transport/tcp.ts'
import type { AutobeeEvents } from '../../src/index.ts'
import { KeyValue, type KeyValueChange, type KeyValueOptions } from '../../src/kv/index.ts'

/** Checked by tsc; nothing here runs. */
const store = undefined as unknown as Corestore

interface Todo {
  readonly text: string
}
type Todos = KeyValue<string, Todo>

test('without types, keys are strings and values unknown', () => {
  expectTypeOf(() => new KeyValue(store)).returns.toEqualTypeOf<KeyValue<string, unknown>>()
  expectTypeOf<KeyValue['get']>().parameter(0).toEqualTypeOf<string>()
  expectTypeOf<KeyValue['get']>().returns.resolves.toEqualTypeOf<unknown>()
})

test('what is put and what is read', () => {
  expectTypeOf<Todos['put']>().parameters.toEqualTypeOf<[key: string, value: Todo]>()
  expectTypeOf<Todos['get']>().returns.resolves.toEqualTypeOf<Todo | null>()
  expectTypeOf<ReturnType<Todos['list']>>().toExtend<AsyncIterable<{ key: string; value: Todo }>>()
  expectTypeOf<ReturnType<Todos['watch']>>().toExtend<AsyncIterable<KeyValueChange<string, Todo>>>()
  expectTypeOf<KeyValue<Uint8Array, Uint8Array>['put']>().parameters.toEqualTypeOf<
    [key: Uint8Array | string, value: Uint8Array | string]
  >()
  expectTypeOf((todos: Todos) => todos.batch()).returns.toHaveProperty('put')
  expectTypeOf((todos: Todos) =>
    todos.batch([{ type: 'put', key: 'a', value: { text: 'a' } }])
  ).returns.toEqualTypeOf<Promise<void>>()
  // @ts-expect-error no Todo
  expectTypeOf((todos: Todos) => todos.put('a', 1))
  // @ts-expect-error keys are strings
  expectTypeOf((todos: Todos) => todos.list({ gt: 1 }))
  // @ts-expect-error a put has a value
  expectTypeOf((todos: Todos) => todos.batch([{ type: 'put', key: 'a' }]))
})

test('a change is told apart by its type', () => {
  expectTypeOf((change: KeyValueChange<string, Todo>) =>
    change.type === 'put' ? change.value : null
  ).returns.toEqualTypeOf<Todo | null>()
  expectTypeOf((change: KeyValueChange<string, Todo>) =>
    change.type === 'del' ? change.previous : null
  ).returns.toEqualTypeOf<Todo | null>()
})

test('options: the encodings have to fit, and what KeyValue decides itself is no option', () => {
  expectTypeOf(
    () => new KeyValue<number, string>(store, null, { keyEncoding: c.uint, valueEncoding: 'utf-8' })
  ).returns.toEqualTypeOf<KeyValue<number, string>>()
  // @ts-expect-error numbers are no UTF-8
  expectTypeOf(() => new KeyValue<number, string>(store, null, { keyEncoding: 'utf-8' }))
  // @ts-expect-error JSON holds no bytes
  expectTypeOf(() => new KeyValue<string, Uint8Array>(store, null, { valueEncoding: 'json' }))
  expectTypeOf<KeyValueOptions>().not.toHaveProperty('apply')
  expectTypeOf<KeyValueOptions>().toHaveProperty('encryptionKey')
})

test('transports take one', () => {
  expectTypeOf(listenTcp).toBeCallableWith(undefined as unknown as Todos)
  expectTypeOf(connectTcp).toBeCallableWith(undefined as unknown as Todos, { port: 1 })
})

test('the events are those of an Autobee', () => {
  expectTypeOf((kv: KeyValue) =>
    kv.on('rejected', ({ reason }) => reason.toUpperCase())
  ).returns.toEqualTypeOf<KeyValue>()
  expectTypeOf<Parameters<KeyValue['on']>[0]>().toEqualTypeOf<keyof AutobeeEvents>()
  // @ts-expect-error no such event
  expectTypeOf((kv: KeyValue) => kv.on('rejekted', () => {}))
})
