import { parseArgs } from 'node:util'
import { type Invitation, InvitationError, parseInvitation } from '../board/invitation.ts'
import { parsePort } from '../common/address.ts'
import { usage } from '../common/user-error.ts'

export interface Flags {
  readonly data: string
  /** null: the one of the last time, or 8080. */
  readonly port: number | null
  readonly host: string
  readonly encrypted: boolean
  readonly join: Invitation | null
  readonly json: boolean
  readonly help: boolean
}

export const HELP = `A board for lists, shared by those who have its link: a peer that is always there, a relay, and the page.

  npm start                                     makes a board, or goes on with it; prints its link
  npm start -- --join 'LINK' --data DIR         one more peer of somebody else's board

  --port N         port of page and relay (default: the one of the last time, or 8080; 0: any free one)
  --data DIR       where this peer keeps its files (default ./autobee-data)
  --encrypted      makes a board that is encrypted: who has its files, and not its link, cannot read them
  --join LINK      an invitation to another peer's board, in quotes
  --host HOST      address to listen on (default 127.0.0.1: this machine only; 0.0.0.0: phones in the same network, too)
  --json           prints one line of JSON: {"url","key","port","data"}
  --help           prints this

It runs until Ctrl-C (SIGINT) or SIGTERM. Exit codes: 0 all is well, 1 something failed, 2 wrong flags.`

const OPTIONS = {
  data: { type: 'string', default: './autobee-data' },
  port: { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  encrypted: { type: 'boolean', default: false },
  join: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
} as const

/** @throws UserError */
export function parseFlags(args: string[]): Flags {
  const { data, host, encrypted, json, help, ...values } = parse(args)
  if (data === '') throw usage('--data needs a folder, such as --data ./my-board.')
  if (host === '') throw usage('--host needs an address, such as --host 127.0.0.1.')
  const join = values.join === undefined ? null : parseLink(values.join)
  if (join && encrypted)
    throw usage(
      '--encrypted is for a new board: whether the one of a link is encrypted is in the link. Leave it out.'
    )
  const port = values.port === undefined ? null : parsePort(values.port, '--port')
  return { data, port, host, encrypted, join, json, help }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    const flag = /'(-[^' ]*)/.exec(message)?.[1]
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw usage(`${flag} is no flag of npm start. npm start -- --help lists them.`)
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
      const word = /'([^']*)'/.exec(message)?.[1]
      throw usage(`"${word}" belongs to no flag. npm start -- --help lists them.`)
    }
    const takesValue = flag && OPTIONS[flag.replace(/^-+/, '') as keyof typeof OPTIONS]?.type === 'string'
    throw usage(`${flag} ${takesValue ? 'needs a value' : 'takes no value'}. npm start -- --help says more.`)
  }
}

function parseLink(text: string): Invitation {
  try {
    return parseInvitation(text)
  } catch (error) {
    // a shell takes `&` for its own
    const hint = /#/.test(text) && !/&/.test(text) ? ' A link goes in quotes.' : ''
    if (error instanceof InvitationError) throw usage(`--join: ${error.message}${hint}`, error.code)
    throw error
  }
}
