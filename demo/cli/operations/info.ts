import { showAddress } from '../../common/address.ts'
import { toHex } from '../../common/keys.ts'
import { VERSION } from '../version.ts'
import { type Role, roleOf } from './members.ts'
import { operation } from './operation.ts'

export interface Info {
  readonly key: string
  readonly discoveryKey: string
  /** This peer's own key as a writer. */
  readonly writer: string
  readonly role: Role | 'reader'
  /** Of all writers, as far as known here. */
  readonly entries: number
  readonly writers: number
  readonly encrypted: boolean
  /** null: not served. */
  readonly address: string | null
  /** Addresses of those connected now; null: not served. */
  readonly peers: readonly string[] | null
  readonly version: string
  readonly node: string
}

export const info = operation<object, Info>({
  check: () => ({}),
  async *run({ kv, network, encrypted }) {
    const all = [...kv.writers]
    const own = all.find(({ isLocal }) => isLocal)
    yield {
      key: toHex(kv.key as Uint8Array),
      discoveryKey: toHex(kv.discoveryKey as Uint8Array),
      writer: toHex(kv.local.key),
      role: own ? roleOf(own) : 'reader',
      entries: all.reduce((sum, { length }) => sum + length, 0),
      writers: all.filter(({ isRemoved }) => !isRemoved).length,
      encrypted,
      address: network && showAddress(network),
      peers: network?.peers ?? null,
      version: VERSION,
      node: process.versions.node
    }
  }
})
