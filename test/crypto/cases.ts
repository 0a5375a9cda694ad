import b4a from 'b4a'
import { beforeAll, describe, expect, test } from 'vitest'
import { memory } from '../../adapters/browser/crypto/memory.ts'
import sodium from '../../adapters/browser/sodium.ts'
import vectors from './vectors.json' with { type: 'json' }
import { vectorsOf } from './vectors.ts'

/** What the facade of sodium-native keeps in every runtime: in a page, and in Node, where it can run as well. */
export function cryptoCases(): void {
  beforeAll(() => sodium.ready)

  test('every name gives what sodium-native gave for the same arguments', () => {
    expect(vectorsOf(sodium)).toEqual(vectors)
  })

  describe('what is left to chance', () => {
    test('key pairs sign, and differ', () => {
      const [one, other] = [signer(), signer()]
      const signature = new Uint8Array(64)
      sodium.crypto_sign_detached(signature, b4a.from('message'), one.sk)
      expect(sodium.crypto_sign_verify_detached(signature, b4a.from('message'), one.pk)).toBe(true)
      expect(sodium.crypto_sign_verify_detached(signature, b4a.from('message'), other.pk)).toBe(false)
    })

    test('a sealed box opens for its key pair, and no two are the same', () => {
      const [pk, sk] = [new Uint8Array(32), new Uint8Array(32)]
      sodium.crypto_box_keypair(pk, sk)
      const [one, other, opened] = [new Uint8Array(55), new Uint8Array(55), new Uint8Array(7)]
      sodium.crypto_box_seal(one, b4a.from('message'), pk)
      sodium.crypto_box_seal(other, b4a.from('message'), pk)
      expect(one).not.toEqual(other)
      expect(sodium.crypto_box_seal_open(opened, one, pk, sk)).toBe(true)
      expect(b4a.toString(opened)).toBe('message')
    })

    test('both sides of a key exchange get the same', () => {
      const [pk, sk, otherPk, otherSk] = [1, 2, 3, 4].map(() => new Uint8Array(32)) as Four
      sodium.crypto_kx_keypair(pk, sk)
      sodium.crypto_kx_keypair(otherPk, otherSk)
      const [one, other] = [new Uint8Array(32), new Uint8Array(32)]
      sodium.crypto_scalarmult(one, sk, otherPk)
      sodium.crypto_scalarmult(other, otherSk, pk)
      expect(one).toEqual(other)
    })

    test('random bytes fill all of what is longer than the browser gives at once', () => {
      const bytes = new Uint8Array(200_003)
      sodium.randombytes_buf(bytes.subarray(1))
      expect(bytes[0]).toBe(0)
      for (let at = 1; at < bytes.byteLength; at += 1000)
        expect(bytes.subarray(at, at + 32).some(byte => byte !== 0)).toBe(true)
    })
  })

  describe('secret streams', () => {
    test('carry messages and tags in order, and refuse what is changed, repeated or left out', () => {
      const { push, pull } = streams()
      const [first, second, third] = ['one', 'two', 'three'].map((text, i) => push(text, i)) as Three
      expect(pull(first)).toEqual(['one', 0])
      expect(() => pull(first)).toThrow()
      expect(() => pull(third)).toThrow()
      expect(() => pull(second.map((byte, i) => (i === 5 ? byte ^ 1 : byte)))).toThrow()
      expect(pull(second)).toEqual(['two', 1])
      expect(pull(third)).toEqual(['three', 2])
    })

    test('keep their state in the bytes that they were given, so that thousands of them take no memory', () => {
      const key = new Uint8Array(32).fill(7)
      const before = memory().byteLength
      for (let i = 0; i < 20_000; i++) {
        const [state, header, cipher] = [new Uint8Array(52), new Uint8Array(24), new Uint8Array(1017)]
        sodium.crypto_secretstream_xchacha20poly1305_init_push(state, header, key)
        sodium.crypto_secretstream_xchacha20poly1305_push(state, cipher, new Uint8Array(1000), null, 0)
      }
      expect(memory().byteLength).toBe(before)
    })
  })

  test('a call leaves neither keys nor messages behind', () => {
    const [key, text] = [new Uint8Array(32), new Uint8Array(1000)]
    for (const secret of [key, text]) sodium.randombytes_buf(secret)
    const box = new Uint8Array(text.byteLength + 16)
    sodium.crypto_secretbox_easy(box, text, new Uint8Array(24), key)
    sodium.crypto_generichash(new Uint8Array(32), text, key)
    sodium.crypto_generichash(new Uint8Array(32), new Uint8Array(100_000), key)
    const left = [key, text.subarray(100, 200)].map(secret => b4a.indexOf(memory(), secret))
    expect(left).toEqual([-1, -1])
  })

  test('memory that a long message takes is given back', () => {
    const [key, nonce, long] = [new Uint8Array(32), new Uint8Array(24), new Uint8Array(2 << 20)]
    sodium.crypto_stream_xor(long, long, nonce, key)
    const once = memory().byteLength
    for (let i = 0; i < 20; i++) sodium.crypto_stream_xor(long, long, nonce, key)
    expect(memory().byteLength).toBe(once)
  })

  test('a hash of what is long takes no memory for all of it', () => {
    const before = memory().byteLength
    sodium.crypto_generichash(new Uint8Array(32), new Uint8Array(32 << 20))
    expect(memory().byteLength).toBe(before)
  })
}

type Three = [Uint8Array, Uint8Array, Uint8Array]
type Four = [Uint8Array, Uint8Array, Uint8Array, Uint8Array]

function signer() {
  const [pk, sk] = [new Uint8Array(32), new Uint8Array(64)]
  sodium.crypto_sign_keypair(pk, sk)
  return { pk, sk }
}

function streams() {
  const [key, header] = [new Uint8Array(32), new Uint8Array(24)]
  const [pushing, pulling] = [new Uint8Array(52), new Uint8Array(52)]
  sodium.crypto_secretstream_xchacha20poly1305_keygen(key)
  sodium.crypto_secretstream_xchacha20poly1305_init_push(pushing, header, key)
  sodium.crypto_secretstream_xchacha20poly1305_init_pull(pulling, header, key)
  return {
    push(text: string, tag: number) {
      const message = b4a.from(text)
      const cipher = new Uint8Array(message.byteLength + 17)
      sodium.crypto_secretstream_xchacha20poly1305_push(pushing, cipher, message, null, tag)
      return cipher
    },
    pull(cipher: Uint8Array) {
      const [message, tag] = [new Uint8Array(cipher.byteLength - 17), new Uint8Array(1)]
      sodium.crypto_secretstream_xchacha20poly1305_pull(pulling, message, tag, cipher, null)
      return [b4a.toString(message), tag[0]]
    }
  }
}
