import type { CloseReason } from '../frames.ts'

/**
 * `FULL`, `FULL_ADDRESS`: as many sockets as are taken, in all or from one address. `ORIGIN`: a page of another origin.
 * `TOPICS`, `TOPICS_IN_ALL`: a topic too many, of one client or of all. The rest: the client was closed with that code.
 */
export type RelayRefusal = 'FULL_ADDRESS' | 'ORIGIN' | 'TOPICS' | 'TOPICS_IN_ALL' | CloseReason

/** What a relay has now, and what it has done since it was made. */
export interface RelayStats {
  /** Those that have said hello. */
  readonly clients: number
  /** WebSockets, those included that have not said hello, or are being closed. */
  readonly sockets: number
  readonly topics: number
  readonly channels: number
  /** Bytes that wait for clients, those included that their sockets hold. */
  readonly buffered: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly framesIn: number
  readonly framesOut: number
  /** How often, by reason. */
  readonly refusals: Readonly<Partial<Record<RelayRefusal, number>>>
  /** Closed WebSockets, by the code of their closing. */
  readonly closes: Readonly<Record<string, number>>
}

/** What only ever grows. */
export class Counters {
  bytesIn = 0
  bytesOut = 0
  framesIn = 0
  framesOut = 0
  readonly refusals: Partial<Record<RelayRefusal, number>> = {}
  readonly closes: Record<string, number> = {}

  refused(reason: RelayRefusal): void {
    this.refusals[reason] = (this.refusals[reason] ?? 0) + 1
  }

  closed(code: number): void {
    this.closes[code] = (this.closes[code] ?? 0) + 1
  }
}

/** In the text format of Prometheus, version 0.0.4. */
export function metricsText(stats: RelayStats): string {
  const lines: string[] = []
  const family = (
    name: string,
    type: 'gauge' | 'counter',
    samples: readonly (readonly [string, number])[]
  ) => {
    lines.push(`# TYPE autobee_relay_${name} ${type}`)
    for (const [labels, value] of samples) lines.push(`autobee_relay_${name}${labels} ${value}`)
  }
  for (const name of ['clients', 'sockets', 'topics', 'channels'] as const)
    family(name, 'gauge', [['', stats[name]]])
  family('buffered_bytes', 'gauge', [['', stats.buffered]])
  family('bytes_total', 'counter', [
    ['{direction="in"}', stats.bytesIn],
    ['{direction="out"}', stats.bytesOut]
  ])
  family('frames_total', 'counter', [
    ['{direction="in"}', stats.framesIn],
    ['{direction="out"}', stats.framesOut]
  ])
  family('refusals_total', 'counter', labelled('reason', stats.refusals))
  family('closes_total', 'counter', labelled('code', stats.closes))
  return `${lines.join('\n')}\n`
}

function labelled(label: string, counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).map(([value, count]) => [`{${label}="${value}"}`, count])
}
