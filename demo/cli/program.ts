import { type Command, CommanderError, Command as Program } from 'commander'
import { type UserError, usage } from '../common/user-error.ts'
import { Cli, type Globals } from './cli.ts'
import { addAppend } from './commands/append.ts'
import { addCreate } from './commands/create.ts'
import { addEntries } from './commands/entries.ts'
import { addInfo } from './commands/info.ts'
import { addJoin } from './commands/join.ts'
import { addList } from './commands/list.ts'
import { addRelay } from './commands/relay.ts'
import { addServe } from './commands/serve.ts'
import { addWatch } from './commands/watch.ts'
import { addWriters } from './commands/writers.ts'
import { toUserError } from './errors.ts'
import { Life, Stopped } from './life.ts'
import { Output } from './output.ts'
import { VERSION } from './version.ts'

/** What a command does. Resolves to its exit code; undefined: 0. */
export type Action = (cli: Cli) => Promise<unknown>

/** Runs a command's action with what it needs. @param command the one that was called */
export type Run = (command: Command, action: Action, traits?: Traits) => Promise<void>

export interface Traits {
  /** It goes on until it is interrupted, so that being interrupted is no failure. */
  readonly lasts?: boolean
}

const AFTER = `
Start:
  $ autobee create                               a new database in ./autobee-data
  $ autobee put hello world
  $ autobee list
  $ autobee serve                                lets other peers connect; prints what they need

VALUE is JSON, or else a string. Commands work beside a running \`autobee serve\` on the same folder, and without one.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such key (get), 128 + n ended by signal n.
Errors are one line on standard error: CODE: what to do. With --json: {"error":{"code":…,"message":…}}.`

/** Runs the command line; resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process
  const output = new Output({ out: stdout, err: stderr, json: isJson(args) })
  const life = new Life(output)
  let exitCode = 0
  const run: Run = async (command, action, { lasts = false } = {}) => {
    try {
      const cli = new Cli({ output, life, stdin }, command.optsWithGlobals<Globals>())
      const result = await action(cli)
      if (typeof result === 'number') exitCode = result
    } catch (error) {
      if (!(error instanceof Stopped)) throw error
    }
    if (life.ending?.by === 'signal' && !lasts) exitCode = life.ending.exitCode
  }
  const program = build(run)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    const command = program.commands.find(command => args.includes(command.name()))
    exitCode = report(error, { output, command: command?.name() ?? null })
  }
  try {
    await output.end()
  } catch (error) {
    output.problem(error)
    return 1
  }
  return exitCode
}

function build(run: Run): Command {
  const program = new Program('autobee')
    .description('A local-first, peer-to-peer key-value database with many writers.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--data <dir>', 'folder of the database (default: $AUTOBEE_DATA, or ./autobee-data)')
    .option('--json', 'print JSON, one object a line')
    .option(
      '--encryption-key-file <file>',
      'encryption key, if not in the folder (or $AUTOBEE_ENCRYPTION_KEY)'
    )
    .configureHelp({ showGlobalOptions: true })
    // errors are told by report()
    .configureOutput({ outputError: () => {} })
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .addHelpText('after', AFTER)
  addCreate(program, run)
  addJoin(program, run)
  addServe(program, run)
  addEntries(program, run)
  addList(program, run)
  addWatch(program, run)
  addAppend(program, run)
  addWriters(program, run)
  addInfo(program, run)
  addRelay(program, run)
  return program
}

interface Where {
  readonly output: Output
  /** The command that was meant. */
  readonly command: string | null
}

/** Tells what went wrong; gives the exit code. */
function report(error: unknown, { output, command }: Where): number {
  if (!(error instanceof CommanderError)) {
    const told = toUserError(error)
    output.problem(told)
    return told.exitCode
  }
  if (error.exitCode === 0) return 0
  if (error.code !== 'commander.help') output.problem(wrongUsage(error, command))
  return 2
}

/** The command line's own words for what Commander found. */
function wrongUsage({ code, message }: CommanderError, command: string | null): UserError {
  const [first = '', ...more] = message.replace(/^error: /, '').split('\n')
  const hints = more.map(hint => hint.trim().replace(/^\((.*)\)$/, '$1')).filter(hint => hint !== '')
  if (code === 'commander.unknownOption' && hints.length === 0)
    hints.push('A value that begins with "-" goes after "--".')
  if (code === 'commander.excessArguments') hints.push('A value with spaces goes in quotes.')
  hints.push(`\`autobee ${command ? `${command} ` : ''}--help\` says more.`)
  const sentence = first.charAt(0).toUpperCase() + first.slice(1)
  return usage([/[.?!]$/.test(sentence) ? sentence : `${sentence}.`, ...hints].join(' '))
}

/** Also when the arguments are wrong. */
function isJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).includes('--json')
}
