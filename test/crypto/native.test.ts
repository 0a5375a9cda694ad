import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import b4a from 'b4a'
import { beforeAll, describe, expect, test } from 'vitest'
import sodium from '../../adapters/browser/sodium.ts'
import type { Name, Sodium } from './calls.ts'
import { cryptoCases } from './cases.ts'
import { native } from './native.ts'
import { argumentsFor, NAMES, outcomeOf, readable } from './outcome.ts'
import { vectorsOf } from './vectors.ts'

/** Of Hypercore's stack, what runs in a page. */
const PACKAGES = [
  '@hyperswarm/secret-stream',
  'corestore',
  'hyperbee2',
  'hypercore',
  'hypercore-crypto',
  'hypercore-id-encoding',
  'hypercore-storage',
  'noise-curve-ed',
  'noise-handshake',
  'protomux',
  'protomux-wakeup',
  'sodium-secretstream'
]

/** Those whose arguments may have only one length. */
const FIXED: Partial<Record<Name, readonly number[]>> = {
  crypto_hash_sha512: [0],
  crypto_sign_seed_keypair: [0, 1, 2],
  crypto_sign_ed25519_sk_to_pk: [0, 1],
  crypto_sign_detached: [0, 2],
  crypto_sign_verify_detached: [2],
  crypto_scalarmult_base: [0, 1],
  crypto_scalarmult: [0, 1, 2],
  crypto_scalarmult_ed25519_noclamp: [0, 1, 2],
  crypto_kx_seed_keypair: [0, 1, 2],
  crypto_box_seed_keypair: [0, 1, 2],
  crypto_box_seal_open: [0, 1, 2, 3],
  crypto_secretbox_easy: [0, 1, 2, 3],
  crypto_secretbox_open_easy: [0, 1, 2, 3],
  crypto_stream_xor: [0, 1, 2, 3],
  crypto_aead_chacha20poly1305_ietf_encrypt: [0, 1, 4, 5],
  crypto_aead_chacha20poly1305_ietf_decrypt: [0, 2, 4, 5],
  crypto_secretstream_xchacha20poly1305_init_pull: [0, 1, 2],
  crypto_secretstream_xchacha20poly1305_push: [0, 1, 2],
  crypto_secretstream_xchacha20poly1305_pull: [0, 1, 2, 3]
}

const known: Record<string, unknown> = { ...sodium }

beforeAll(() => sodium.ready)

cryptoCases()

test('the vectors are what sodium-native gives', async () => {
  await expect(`${JSON.stringify(vectorsOf(native), null, 2)}\n`).toMatchFileSnapshot('vectors.json')
})

describe('names', () => {
  test('all that the stack asks for are there', () => {
    const asked = [...new Set(PACKAGES.flatMap(namesAskedBy))].sort()
    expect(asked.length).toBeGreaterThan(40)
    expect(asked.filter(name => !(name in known))).toEqual([])
  })

  test('each is one of sodium-native, a number the same number', () => {
    for (const [name, value] of Object.entries(known)) {
      if (name === 'ready') continue
      expect(typeof native[name], name).toBe(typeof value)
      if (typeof value === 'number') expect(native[name], name).toBe(value)
    }
  })

  test('each that takes arguments is compared below, or left to chance above', () => {
    const chance = ['keypair', 'keygen', 'seal', 'randombytes_buf', 'init_push', 'sodium_free']
    const functions = Object.keys(known).filter(name => typeof known[name] === 'function')
    const rest = functions.filter(name => !(NAMES as string[]).includes(name))
    expect(rest.filter(name => !chance.some(end => name.endsWith(end)))).toEqual([])
  })
})

describe('the same as in sodium-native, for 150 random calls', () => {
  test.for(NAMES)('%s', name => {
    for (let seed = 1000; seed < 1150; seed++) {
      const args = argumentsFor(name, { seed, sodium: native })
      const ours = readable(outcomeOf(sodium, name, args))
      expect(ours, `seed ${seed}`).toEqual(readable(outcomeOf(native, name, args)))
    }
  })
})

describe('throws as sodium-native does when an argument is too long, too short or no bytes', () => {
  test.for(Object.entries(FIXED) as [Name, number[]][])('%s', ([name, positions]) => {
    const args = argumentsFor(name, { seed: 3, sodium: native })
    for (const at of positions) {
      const { byteLength } = args[at] as Uint8Array
      for (const wrong of [
        new Uint8Array(byteLength + 1),
        new Uint8Array(Math.max(0, byteLength - 1)),
        'text'
      ]) {
        if (byteLength === 0 && typeof wrong !== 'string' && wrong.byteLength === 0) continue
        const call = args.map((value, i) => (i === at ? wrong : value))
        expect(outcomeOf(sodium, name, call).threw, `argument ${at}`).toBe(true)
        expect(outcomeOf(native, name, call).threw, `argument ${at}, natively`).toBe(true)
      }
    }
  })

  test('lengths of hashes and their keys', () => {
    for (const bytes of [15, 65]) {
      const args = [new Uint8Array(bytes), new Uint8Array(1)]
      expect(outcomeOf(sodium, 'crypto_generichash', args).threw).toBe(true)
      expect(outcomeOf(native, 'crypto_generichash', args).threw).toBe(true)
      const keyed = [new Uint8Array(32), new Uint8Array(1), new Uint8Array(bytes)]
      expect(outcomeOf(sodium, 'crypto_generichash', keyed).threw).toBe(true)
      expect(outcomeOf(native, 'crypto_generichash', keyed).threw).toBe(true)
    }
  })
})

describe('works in place, as the stack calls it', () => {
  const both = (run: (sodium: Sodium) => unknown) => expect(run(sodium)).toEqual(run(native))
  const key = b4a.alloc(32, 1)

  test('a block is encrypted over itself', () =>
    both(({ crypto_stream_xor }) => {
      const block = b4a.alloc(1000, 5)
      crypto_stream_xor(block, block, b4a.alloc(24, 2), key)
      return block
    }))

  test('a hash is written over its own input', () =>
    both(({ crypto_generichash_batch }) => {
      const out = b4a.alloc(64, 5)
      crypto_generichash_batch(out, [b4a.alloc(128, 3), out])
      return out
    }))

  test('a message is boxed, and opened, where it lies', () =>
    both(({ crypto_secretbox_easy, crypto_secretbox_open_easy }) => {
      const box = b4a.alloc(116, 5)
      crypto_secretbox_easy(box, box.subarray(16), b4a.alloc(24, 2), key)
      const boxed = box.slice()
      const opened = crypto_secretbox_open_easy(box.subarray(16), box, b4a.alloc(24, 2), key)
      return [boxed, opened, box.subarray(16)]
    }))

  test('a stream encrypts a frame one byte behind its message, and decrypts it there', () =>
    both(sodium => {
      const [pushing, pulling] = [b4a.alloc(52), b4a.alloc(52)]
      sodium.crypto_secretstream_xchacha20poly1305_init_pull(pushing, b4a.alloc(24, 9), key)
      sodium.crypto_secretstream_xchacha20poly1305_init_pull(pulling, b4a.alloc(24, 9), key)
      const frame = b4a.alloc(117, 5)
      const inner = frame.subarray(1, 101)
      const pushed = sodium.crypto_secretstream_xchacha20poly1305_push(pushing, frame, inner, null, 0)
      const cipher = frame.slice()
      const tag = b4a.alloc(1)
      const pulled = sodium.crypto_secretstream_xchacha20poly1305_pull(pulling, inner, tag, frame, null)
      return [pushed, cipher, pulled, frame.slice(1, 101), tag, pushing, pulling]
    }))
})

test('what one makes the other takes: streams, sealed boxes, key pairs', () => {
  for (const [maker, taker] of [
    [sodium, native],
    [native, sodium]
  ] as [Sodium, Sodium][]) {
    const [pk, sk, signature] = [b4a.alloc(32), b4a.alloc(64), b4a.alloc(64)]
    maker.crypto_sign_keypair(pk, sk)
    taker.crypto_sign_detached(signature, b4a.from('text'), sk)
    expect(maker.crypto_sign_verify_detached(signature, b4a.from('text'), pk)).toBe(true)

    const [boxPk, boxSk, sealed, opened] = [b4a.alloc(32), b4a.alloc(32), b4a.alloc(52), b4a.alloc(4)]
    maker.crypto_box_keypair(boxPk, boxSk)
    taker.crypto_box_seal(sealed, b4a.from('text'), boxPk)
    expect(maker.crypto_box_seal_open(opened, sealed, boxPk, boxSk)).toBe(true)

    const [pushing, pulling, header, key] = [b4a.alloc(52), b4a.alloc(52), b4a.alloc(24), b4a.alloc(32, 4)]
    maker.crypto_secretstream_xchacha20poly1305_init_push(pushing, header, key)
    taker.crypto_secretstream_xchacha20poly1305_init_pull(pulling, header, key)
    expect(pulling).toEqual(pushing)
  }
})

/** In the sources of a package: `sodium.name`, and names taken out of `require('sodium-universal')`. */
function namesAskedBy(name: string): string[] {
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const sources = files.filter(
    path => /\.js$/.test(path) && !/(^|[\\/])(test|tests|bench|example|examples|node_modules)[\\/]/.test(path)
  )
  return sources
    .flatMap(path => {
      const text = readFileSync(join(folder, path), 'utf8')
      const members = [...text.matchAll(/\bsodium\.(\w+)/g)].map(([, member]) => member as string)
      const taken = [...text.matchAll(/\{([^}]*)\}\s*=\s*require\(['"]sodium-universal['"]\)/g)]
      return [
        ...members,
        ...taken.flatMap(([, list]) => (list as string).split(',').map(item => item.trim()))
      ]
    })
    .filter(Boolean)
}
