import { networkInterfaces } from 'node:os'
import { usage } from './user-error.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** HOST:PORT as people type it, of a flag such as `--connect`. @throws UserError */
export function parseAddress(text: string, flag: string): Address {
  const [, ipv6, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? []
  const host = ipv6 ?? name
  if (!host || !port) throw usage(`"${text}" is no address. ${flag} takes HOST:PORT, such as 127.0.0.1:4000.`)
  const number = parsePort(port, flag)
  if (number === 0) throw usage(`${flag} needs the port that the other peer prints; 0 is none.`)
  return { host, port: number }
}

/** @throws UserError */
export function parsePort(text: string, flag: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw usage(`"${text}" is no port. ${flag} takes a number up to 65535.`)
}

export function showAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** An address that others can dial: one of this machine's when it listens on all of them. */
export function reachable({ host, port }: Address): string {
  if (host !== '0.0.0.0' && host !== '::') return showAddress({ host, port })
  const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  const outside = all.find(({ family, internal }) => family === 'IPv4' && !internal)
  return showAddress({ host: outside?.address ?? '127.0.0.1', port })
}
