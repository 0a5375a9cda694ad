import { parseArgs } from 'node:util'
import { type Address, parseAddress, parsePort } from '../common/address.ts'
import { hexOfKey } from '../common/keys.ts'
import { usage } from '../common/user-error.ts'

export interface Flags {
  readonly data: string
  /** Of the database, as hex; null: the one in `data`, or a new one. */
  readonly join: string | null
  readonly connect: readonly Address[]
  readonly host: string
  /** null: the one of the last time, or any free one. */
  readonly port: number | null
  readonly open: boolean
  readonly once: boolean
  readonly json: boolean
  readonly help: boolean
}

export const HELP = `A peer of an Autobee database, on files.

  npm start                                                         makes a database, or goes on with it
  npm start -- --join KEY --connect HOST:PORT --data DIR            a second peer of the database KEY

  --data DIR            where this peer keeps its files (default ./autobee-data)
  --join KEY            key of the database to join, as the first peer prints it
  --connect HOST:PORT   a peer to connect to; may be given several times; remembered in DIR
  --port N              port to listen on (default: the one of the last time, or any free one)
  --host HOST           address to listen on (default 127.0.0.1: this machine only)
  --open                lets everybody who has the key write; for the peer that makes the database
  --once                ends when all of standard input is written, instead of going on serving
  --json                prints JSON lines
  --help                prints this

Standard input takes JSON values, one a line:
  {"put":{"hello":"world"}}     sets keys               {"del":["hello"]}         removes keys
  {"addWriter":"KEY"}           lets a peer write       {"removeWriter":"KEY"}    takes that back
  {"open":true}                 lets everybody write    anything else             is kept under log/00000001, …

A peer runs until Ctrl-C (SIGINT) or SIGTERM, also when its input has ended.
Exit codes: 0 all is well, 1 something failed, 2 wrong flags.`

const OPTIONS = {
  data: { type: 'string', default: './autobee-data' },
  join: { type: 'string' },
  connect: { type: 'string', multiple: true },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string' },
  open: { type: 'boolean', default: false },
  once: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
} as const

/** @throws UserError */
export function parseFlags(args: string[]): Flags {
  const values = parse(args)
  const { data, host, open, once, json, help } = values
  if (data === '') throw usage('--data needs a folder, such as --data ./my-peer.')
  if (host === '') throw usage('--host needs an address, such as --host 127.0.0.1.')
  const join = values.join === undefined ? null : parseKey(values.join)
  if (join && open)
    throw usage(
      '--open is for the peer that makes the database; type {"open":true} into a peer that may write.'
    )
  return {
    data,
    join,
    connect: (values.connect ?? []).map(text => parseAddress(text, '--connect')),
    host,
    port: values.port === undefined ? null : parsePort(values.port, '--port'),
    open,
    once,
    json,
    help
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    const flag = /'(-[^' ]*)/.exec(message)?.[1]
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw usage(`${flag} is no flag of this peer. npm start -- --help lists them.`)
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
      const word = /'([^']*)'/.exec(message)?.[1]
      throw usage(`"${word}" belongs to no flag. npm start -- --help lists them.`)
    }
    const takesValue = flag && OPTIONS[flag.replace(/^-+/, '') as keyof typeof OPTIONS]?.type === 'string'
    throw usage(`${flag} ${takesValue ? 'needs a value' : 'takes no value'}. npm start -- --help says more.`)
  }
}

function parseKey(text: string): string {
  const key = hexOfKey(text)
  if (key) return key
  throw usage(
    `"${text}" is no key. --join takes the key that the first peer prints: 64 hex digits (or 52 letters).`
  )
}
