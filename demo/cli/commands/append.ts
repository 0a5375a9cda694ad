import type { Command } from 'commander'
import { UserError, usage } from '../../common/user-error.ts'
import type { Cli } from '../cli.ts'
import { LineInput, readItem } from '../input.ts'
import type { Item } from '../operations/append.ts'
import type { Run } from '../program.ts'
import { count } from '../text.ts'

const AFTER = `
A change is {"type":"put","key":…,"value":…} or {"type":"del","key":…}; without a "type" it is a put. Each argument, or each
line of standard input, is one unit: a change, or a list of changes that show all at once or not at all. So what
\`list --json\` and \`watch --json\` print can be appended.

A wrong line ends the input: the lines before it are written, the error names its number, and the exit code is 1.

Examples:
  $ autobee append '{"type":"put","key":"a","value":1}' '{"type":"del","key":"b"}'
  $ autobee append '[{"key":"from","value":1},{"key":"to","value":2}]'      both or none
  $ autobee append < changes.jsonl
  $ autobee append --batch < changes.jsonl       the whole file, or nothing of it`

interface Flags {
  readonly batch?: boolean
  readonly continue?: boolean
}

export function addAppend(program: Command, run: Run): void {
  program
    .command('append [changes...]')
    .description('write many changes: JSON from the arguments, or JSON lines from standard input')
    .option('--batch', 'write all of it as one unit: nothing of it shows if anything is wrong')
    .option('--continue', 'tell wrong lines, skip them, and go on')
    .addHelpText('after', AFTER)
    .action((changes: string[], flags: Flags, command: Command) =>
      run(command, cli => append(cli, { changes, flags }))
    )
}

interface Options {
  readonly changes: readonly string[]
  readonly flags: Flags
}

async function append(cli: Cli, { changes, flags }: Options): Promise<number> {
  const { output, stdin, life } = cli
  const { batch = false } = flags
  if (batch && flags.continue)
    throw usage('--batch writes all or nothing, so --continue does not go with it.')
  const isTyped = changes.length === 0 && stdin.isTTY === true
  // whoever types can type it again
  const goOn = flags.continue === true || (isTyped && !batch)
  const problems: UserError[] = []
  const wrong = batch ? 'fail' : goOn ? 'skip' : 'stop'
  const onproblem = (problem: UserError) => {
    problems.push(problem)
    // the one that stops it is told last
    if (goOn) output.problem(problem)
  }
  const input =
    changes.length > 0
      ? itemsOf(changes)
      : new LineInput(stdin, { signal: life.interrupted, wrong, onproblem })
  if (isTyped) output.note('Type changes as JSON, one a line; Ctrl-D ends.', { event: 'reading' })
  let refused = 0
  try {
    for await (const row of cli.write({ op: 'append', params: { batch, goOn }, input })) {
      if (row.type === 'refused') {
        refused++
        output.problem(new UserError(row.message, { code: row.code, details: { line: row.line } }))
        continue
      }
      const { units, operations } = row
      const line = `Appended ${count(units, 'unit')} (${count(operations, 'change')}).`
      await output.row({ units, operations }, line)
    }
  } finally {
    // whoever would still write to it has no reader any more
    stdin.destroy()
  }
  const [first] = problems
  if (first && !goOn) throw first
  return problems.length + refused > 0 ? 1 : 0
}

/** @throws UserError at once: nothing is written then */
function itemsOf(changes: readonly string[]): AsyncIterable<Item> {
  const items = changes.map((text, i) => readArgument(text, i + 1)).filter(item => item !== null)
  return (async function* () {
    yield* items
  })()
}

function readArgument(text: string, number: number): Item | null {
  try {
    return readItem(Buffer.from(text), number)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw usage(`Argument ${number}: ${error.message}`, error.code)
  }
}
