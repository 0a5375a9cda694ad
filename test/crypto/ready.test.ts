import b4a from 'b4a'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type facade from '../../adapters/browser/sodium.ts'
import { native } from './native.ts'
import { createRandom } from './random.ts'

const { instantiate } = WebAssembly

afterEach(() => {
  WebAssembly.instantiate = instantiate
  vi.resetModules()
})

/** The facade, loaded anew, as it is while WebAssembly has not started. */
async function facadeBefore(start: Promise<void>): Promise<typeof facade> {
  WebAssembly.instantiate = (async (...args: Parameters<typeof instantiate>) => {
    await start
    return instantiate(...args)
  }) as typeof instantiate
  return (await import('../../adapters/browser/sodium.ts')).default
}

describe('before WebAssembly runs', () => {
  test('BLAKE2b gives what it gives afterwards, all else throws UNSUPPORTED_RUNTIME', async () => {
    let open = () => {}
    const gate = new Promise<void>(resolve => {
      open = resolve
    })
    const sodium = await facadeBefore(gate)
    const random = createRandom(1)
    const hash = (of: { crypto_generichash_batch: typeof sodium.crypto_generichash_batch }, seed: number) => {
      const { between, bytes } = createRandom(seed)
      const out = b4a.alloc(between(1, 64))
      of.crypto_generichash_batch(out, [bytes(between(0, 300)), bytes(3)], seed % 2 ? bytes(32) : null)
      return b4a.toString(out, 'hex')
    }
    const seeds = Array.from({ length: 200 }, () => random.between(0, 1e9))
    const early = seeds.map(seed => hash(sodium, seed))
    const signing = () => sodium.crypto_sign_detached(b4a.alloc(64), b4a.alloc(1), b4a.alloc(64))
    expect(signing).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_RUNTIME', reason: 'NOT_READY' }))

    open()
    await sodium.ready
    signing()
    expect(seeds.map(seed => hash(sodium, seed))).toEqual(early)
    expect(seeds.map(seed => hash(native, seed))).toEqual(early)
  })
})

test('where WebAssembly cannot start, `ready` rejects with UNSUPPORTED_RUNTIME', async () => {
  const sodium = await facadeBefore(Promise.reject(new WebAssembly.CompileError('forbidden')))
  await expect(sodium.ready).rejects.toMatchObject({ code: 'UNSUPPORTED_RUNTIME', reason: 'WEBASSEMBLY' })
})
