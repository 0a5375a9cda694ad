import b4a from 'b4a'
import c from 'compact-encoding'
import { expectTypeOf, test } from 'vitest'
import type { Bytes, HyperbeeView, TypedBee, TypedEntry } from '../../src/index.ts'
import { typed } from '../../src/index.ts'

/** Checked by tsc; nothing here runs. */
const bee = undefined as unknown as HyperbeeView

interface Todo {
  readonly text: string
}

test('the types of keys and values follow from the encodings', () => {
  expectTypeOf(() => typed(bee)).returns.toEqualTypeOf<TypedBee<Bytes, Bytes>>()
  expectTypeOf(() => typed(bee, { keyEncoding: 'utf-8' })).returns.toEqualTypeOf<TypedBee<string, Bytes>>()
  expectTypeOf(() => typed(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' })).returns.toEqualTypeOf<
    TypedBee<string, unknown>
  >()
  expectTypeOf(() => typed(bee, { keyEncoding: c.uint, valueEncoding: c.string })).returns.toEqualTypeOf<
    TypedBee<number, string>
  >()
  const codec = { encode: (todo: Todo) => b4a.from(todo.text), decode: (): Todo => ({ text: '' }) }
  expectTypeOf(() => typed(bee, { valueEncoding: codec })).returns.toEqualTypeOf<TypedBee<Bytes, Todo>>()
})

test('they can be named, and then the encodings have to fit', () => {
  expectTypeOf(() =>
    typed<string, Todo>(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' })
  ).returns.toEqualTypeOf<TypedBee<string, Todo>>()
  // @ts-expect-error bytes are not read as a Todo
  expectTypeOf(() => typed<string, Todo>(bee, { keyEncoding: 'utf-8', valueEncoding: 'binary' }))
  // @ts-expect-error JSON holds no bytes
  expectTypeOf(() => typed<string, Bytes>(bee, { keyEncoding: 'utf-8', valueEncoding: 'json' }))
})

test('what is handed in and what is read', () => {
  type Todos = TypedBee<string, Todo>
  expectTypeOf<Todos['get']>().parameter(0).toEqualTypeOf<string>()
  expectTypeOf<Todos['get']>().returns.resolves.toEqualTypeOf<TypedEntry<string, Todo> | null>()
  expectTypeOf<TypedBee['get']>().parameter(0).toEqualTypeOf<Uint8Array | string>()
  expectTypeOf<TypedBee['get']>().returns.resolves.toEqualTypeOf<TypedEntry<Bytes, Bytes> | null>()
  expectTypeOf<ReturnType<Todos['watch']>['next']>().returns.resolves.toExtend<
    IteratorResult<[Todos, Todos], undefined>
  >()
  expectTypeOf((todos: Todos) => todos.sub('done')).returns.toEqualTypeOf<Todos>()
  expectTypeOf((todos: Todos) => todos.sub('n', { valueEncoding: 'utf-8' })).returns.toEqualTypeOf<
    TypedBee<string, string>
  >()
  expectTypeOf((todos: Todos) =>
    todos.sub<string, number>('n', { valueEncoding: 'json' })
  ).returns.toEqualTypeOf<TypedBee<string, number>>()
})
