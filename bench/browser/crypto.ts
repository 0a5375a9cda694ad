/** Cryptography in a page: what bundles take for `sodium-native`, beside `sodium-javascript`. */
import b4a from 'b4a'
import javascript from 'sodium-javascript'
import ours from '../../adapters/browser/sodium.ts'

type Sodium = typeof javascript

export interface CryptoRates {
  readonly name: string
  /** Calls per second. */
  readonly ours: number
  readonly javascript: number
}

/** ms that each is called again and again for. */
const TURN = 250
const ROUNDS = 3

/** The best of a few turns of each, in turns. */
export function cryptoRates(): CryptoRates[] {
  const { message, block } = { message: b4a.alloc(100, 1), block: b4a.alloc(4096, 2) }
  const works: Record<string, (sodium: Sodium) => () => void> = {
    'sign 100 bytes (Ed25519)': sodium => {
      const { secretKey } = keyPair(sodium)
      const signature = b4a.alloc(64)
      return () => sodium.crypto_sign_detached(signature, message, secretKey)
    },
    'verify 100 bytes (Ed25519)': sodium => {
      const { publicKey, secretKey } = keyPair(sodium)
      const signature = b4a.alloc(64)
      sodium.crypto_sign_detached(signature, message, secretKey)
      return () => {
        if (!sodium.crypto_sign_verify_detached(signature, message, publicKey))
          throw new Error('not verified')
      }
    },
    'hash 4 KiB (BLAKE2b)': sodium => {
      const hash = b4a.alloc(32)
      return () => sodium.crypto_generichash(hash, block)
    }
  }
  return Object.entries(works).map(([name, work]) => {
    const rates = { ours: 0, javascript: 0 }
    const [one, other] = [work(ours), work(javascript)]
    for (let round = 0; round < ROUNDS; round++) {
      rates.ours = Math.max(rates.ours, callsPerSecond(one))
      rates.javascript = Math.max(rates.javascript, callsPerSecond(other))
    }
    return { name, ...rates }
  })
}

function keyPair(sodium: Sodium) {
  const pair = { publicKey: b4a.alloc(32), secretKey: b4a.alloc(64) }
  sodium.crypto_sign_keypair(pair.publicKey, pair.secretKey)
  return pair
}

function callsPerSecond(call: () => void): number {
  const begin = performance.now()
  let calls = 0
  let ms = 0
  do {
    for (let i = 0; i < 10; i++) call()
    calls += 10
    ms = performance.now() - begin
  } while (ms < TURN)
  return (calls * 1000) / ms
}
