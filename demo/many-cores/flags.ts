import { parseArgs } from 'node:util'
import { type Address, parseAddress, parsePort } from '../common/address.ts'
import { hexOfKey } from '../common/keys.ts'
import { usage } from '../common/user-error.ts'

export interface Flags {
  readonly data: string
  /** Where to listen and whom to dial; null: no TCP. */
  readonly tcp: {
    readonly host: string
    readonly port: number | null
    readonly dial: readonly Address[]
  } | null
  /** The DHT to meet on; null: no swarm. An empty `bootstrap` stands for the public one. */
  readonly swarm: { readonly bootstrap: readonly Address[]; readonly isTestnet: boolean } | null
  /** Null: no relay. */
  readonly relay: RelayFlags | null
  readonly help: boolean
}

export interface RelayFlags {
  /** Of the relay; null: starts one of its own, on the port of the page. */
  readonly url: string | null
  /** Where to serve the reader's page; null: nowhere. */
  readonly page: Address | null
}

export interface ReaderFlags extends Flags {
  /** Of the main core, as hex; null with `help` only. */
  readonly key: string | null
  /** How long to look for the writer, ms. */
  readonly patience: number
}

const WAYS = `  --listen PORT         over TCP: port to listen on (0: any free one)
  --host HOST           address to listen on (default 127.0.0.1: this machine only)
  --connect HOST:PORT   over TCP: a peer to connect to; may be given several times
  --swarm               over Hyperswarm, on the public DHT
  --bootstrap HOST:PORT over Hyperswarm, on the DHT that this node belongs to; may be given several times
  --relay URL           over a relay, such as ws://127.0.0.1:8080`

export const WRITER_HELP = `Writes lines to many Hypercores of one Corestore, and serves them.

  npm run many-cores:writer                 over TCP, on any free port of this machine
  npm run many-cores:writer -- --testnet    over Hyperswarm, on a DHT of its own on this machine
  npm run many-cores:writer -- --relay      over a relay of its own on this machine; readers may be pages

  --data DIR            where it keeps its files (default ./many-cores-writer)
${WAYS}
  --testnet             over Hyperswarm, on a DHT that it starts itself, on this machine
  --relay [PORT]        over a relay that it starts itself, on any free port or that one
  --tcp                 over TCP as well, when it meets over Hyperswarm or a relay
  --help                prints this

With --relay it also serves the reader as a page, and prints its address.
Standard input takes messages, one a line: those shorter than 5 bytes go to one core, all others to another.
It runs until Ctrl-C (SIGINT) or SIGTERM, also when its input has ended.`

export const READER_HELP = `Reads all Hypercores of a writer, from the key of its main core alone.

  npm run many-cores:reader -- KEY --connect HOST:PORT

  KEY                   of the writer's main core, as the writer prints it
  --data DIR            where it keeps its files (default ./many-cores-reader)
  --wait SECONDS        how long to look for the writer (default 5)
${WAYS}
  --help                prints this

It prints every block of every core, and runs until Ctrl-C (SIGINT) or SIGTERM.
Exit codes: 0 all is well, 1 something failed, such as no writer, 2 wrong flags.`

const OPTIONS = {
  data: { type: 'string' },
  tcp: { type: 'boolean', default: false },
  listen: { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  connect: { type: 'string', multiple: true, default: [] as string[] },
  swarm: { type: 'boolean', default: false },
  relay: { type: 'string' },
  bootstrap: { type: 'string', multiple: true, default: [] as string[] },
  help: { type: 'boolean', short: 'h', default: false }
} as const
const WRITER_OPTIONS = { ...OPTIONS, testnet: { type: 'boolean', default: false } } as const
const READER_OPTIONS = { ...OPTIONS, wait: { type: 'string', default: '5' } } as const

/** @throws UserError */
export function parseWriterFlags(args: string[]): Flags {
  const { values, positionals } = parse(() =>
    parseArgs({ args: args.flatMap(valueOfRelay), options: WRITER_OPTIONS, allowPositionals: true })
  )
  if (positionals.length > 0) throw usage(`"${positionals[0]}" belongs to no flag. --help lists them.`)
  const isListening = values.listen !== undefined || values.connect.length === 0
  return {
    data: values.data || './many-cores-writer',
    ...toWays(values, { port: isListening ? '0' : null, isTestnet: values.testnet }),
    relay: values.relay === undefined ? null : toOwnRelay(values.relay, values.host),
    help: values.help
  }
}

/** @throws UserError */
export function parseReaderFlags(args: string[]): ReaderFlags {
  const { values, positionals } = parse(() =>
    parseArgs({ args, options: READER_OPTIONS, allowPositionals: true })
  )
  const [key, more] = positionals
  if (values.help)
    return { data: '', tcp: null, swarm: null, relay: null, help: true, key: null, patience: 0 }
  if (key === undefined) throw usage("The reader takes the key of the writer's main core. --help says more.")
  if (more !== undefined) throw usage(`"${more}" belongs to no flag. --help lists them.`)
  const seconds = Number(values.wait)
  if (values.wait.trim() === '' || !(seconds >= 0 && seconds <= 86_400))
    throw usage(`"${values.wait}" is no time. --wait takes seconds, such as 5.`)
  const ways = toWays(values, { port: null, isTestnet: false })
  if (ways.tcp && ways.tcp.port === null && ways.tcp.dial.length === 0)
    throw usage(
      'The reader has nobody to talk to: give --connect HOST:PORT or --relay URL, as the writer prints it, or --swarm.'
    )
  return {
    data: values.data || './many-cores-reader',
    ...ways,
    relay: values.relay === undefined ? null : { url: parseRelay(values.relay), page: null },
    help: false,
    key: parseKey(key),
    patience: seconds * 1_000
  }
}

interface Given {
  readonly tcp: boolean
  readonly listen?: string | undefined
  readonly host: string
  readonly connect: readonly string[]
  readonly swarm: boolean
  readonly relay?: string | undefined
  readonly bootstrap: readonly string[]
}

function toWays(
  given: Given,
  { port, isTestnet }: { port: string | null; isTestnet: boolean }
): Pick<Flags, 'tcp' | 'swarm'> {
  const dial = given.connect.map(text => parseAddress(text, '--connect'))
  const bootstrap = given.bootstrap.map(text => parseAddress(text, '--bootstrap'))
  if (isTestnet && bootstrap.length > 0)
    throw usage('--testnet starts a DHT of its own; leave --bootstrap out.')
  const hasSwarm = given.swarm || isTestnet || bootstrap.length > 0
  const hasTcp =
    given.tcp || given.listen !== undefined || dial.length > 0 || !(hasSwarm || given.relay !== undefined)
  const listen = given.listen ?? port
  return {
    tcp: hasTcp
      ? { host: given.host, port: listen === null ? null : parsePort(listen, '--listen'), dial }
      : null,
    swarm: hasSwarm ? { bootstrap, isTestnet } : null
  }
}

/** The writer's may have no value. */
function valueOfRelay(arg: string, i: number, args: readonly string[]): string[] {
  const next = args[i + 1]
  return arg === '--relay' && (next === undefined || next.startsWith('-')) ? ['--relay', ''] : [arg]
}

function toOwnRelay(text: string, host: string): RelayFlags {
  const isUrl = text.includes(':')
  const port = isUrl || text === '' ? 0 : parsePort(text, '--relay')
  return { url: isUrl ? parseRelay(text) : null, page: { host, port } }
}

function parseRelay(text: string): string {
  if (/^wss?:$/.test(URL.canParse(text) ? new URL(text).protocol : '')) return text
  throw usage(`"${text}" is no address of a relay. --relay takes one such as ws://127.0.0.1:8080.`)
}

function parseKey(text: string): string {
  const key = hexOfKey(text)
  if (key) return key
  throw usage(`"${text}" is no key. The writer prints it: 64 hex digits (or 52 letters).`)
}

function parse<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    // Node's first sentence says what is wrong, the rest is about dashes
    const [sentence] = (error as Error).message.split(/\. |\n/)
    throw usage(`${sentence}. --help lists all flags.`)
  }
}
