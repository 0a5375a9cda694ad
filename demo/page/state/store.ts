import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/** A value that components follow. */
export class Store<T extends object> {
  #state: T
  readonly #listeners = new Set<() => void>()

  constructor(state: T) {
    this.#state = state
  }

  get state(): T {
    return this.#state
  }

  set(change: Partial<T>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) listener()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** A part of a store; the component is rendered when that part is another value. */
export function useStore<T extends object, S>(store: Store<T>, select: (state: T) => S): S {
  const value = select(store.state)
  const shown = useRef(value)
  const latest = useRef(select)
  const [, render] = useState(0)
  shown.current = value
  latest.current = select
  useLayoutEffect(() => {
    const follow = () => {
      if (!Object.is(latest.current(store.state), shown.current)) render(count => count + 1)
    }
    // it may have changed between rendering and now
    follow()
    return store.subscribe(follow)
  }, [store])
  return value
}
