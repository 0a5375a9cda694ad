import { isIPv6 } from 'node:net'

/** Why there is no place: none at all, or none for that address. */
export type NoPlace = 'FULL' | 'FULL_ADDRESS'

/** How many connections there are, in all and from each address. */
export class Places {
  readonly #most: number
  readonly #mostPerAddress: number
  readonly #taken = new Map<string, number>()
  #all = 0

  constructor({ most, mostPerAddress }: { most: number; mostPerAddress: number }) {
    this.#most = most
    this.#mostPerAddress = mostPerAddress
  }

  /** Takes a place, or says why there is none. */
  take(address: string): NoPlace | null {
    const group = groupOf(address)
    const taken = this.#taken.get(group) ?? 0
    if (this.#all >= this.#most) return 'FULL'
    if (taken >= this.#mostPerAddress) return 'FULL_ADDRESS'
    this.#taken.set(group, taken + 1)
    this.#all++
    return null
  }

  free(address: string): void {
    const group = groupOf(address)
    const taken = this.#taken.get(group) ?? 0
    if (taken === 0) return
    if (taken === 1) this.#taken.delete(group)
    else this.#taken.set(group, taken - 1)
    this.#all--
  }
}

/** Who has one IPv6 address has its whole /64. An IPv4 address stays one, also where it is written as IPv6. */
export function groupOf(address: string): string {
  const ipv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (ipv4) return ipv4
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.toLowerCase().replace(/%.*$/, '').split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':')
    while (groups.length + rest.length < 8) groups.push('0')
    groups.push(...rest)
  }
  return `${groups
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
