/**
 * What `sodium-native` is in a page: those of its names that Hypercore's stack calls, on libsodium in WebAssembly. A
 * bundle puts it in that package's place (`aliases.ts`). BLAKE2b works at once, all else when `ready` has resolved.
 */
import * as box from './crypto/box.ts'
import * as hash from './crypto/hash.ts'
import { ready } from './crypto/memory.ts'
import * as random from './crypto/random.ts'
import * as secretstream from './crypto/secretstream.ts'
import * as sign from './crypto/sign.ts'
import * as stream from './crypto/stream.ts'

const sodium = { ready, ...box, ...hash, ...random, ...secretstream, ...sign, ...stream }

export { sodium as default }
