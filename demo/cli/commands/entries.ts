import type { Command } from 'commander'
import { usage } from '../../common/user-error.ts'
import type { Run } from '../program.ts'
import { showKey } from '../text.ts'
import { parseValue, readAll } from '../value.ts'

const GET = `
A string is printed as it is, anything else as JSON. No such key: exit code 3, nothing on standard output.

Examples:
  $ autobee get hello
  $ autobee get user:1 --json                    {"key":"user:1","value":{"name":"Ada"}}`

const PUT = `
VALUE is JSON, or else a string; "-" reads it from standard input.

Examples:
  $ autobee put hello world                      the string "world"
  $ autobee put user:1 '{"name":"Ada"}'          an object
  $ autobee put answer 42                        a number
  $ autobee put zip 01234                        a string: 01234 is no JSON
  $ autobee put zip 12345 --string               a string
  $ autobee put page - --string < page.html`

const DEL = `
It is no error when the key is not there.

Examples:
  $ autobee del hello
  $ autobee del -- -5                            a key that begins with "-"`

/** `get`, `put`, `del` */
export function addEntries(program: Command, run: Run): void {
  program
    .command('get <key>')
    .description('print the value of a key')
    .addHelpText('after', GET)
    .action((key: string, _: object, command: Command) =>
      run(command, async cli => {
        const { output } = cli
        for await (const entry of cli.read({ op: 'get', params: { key } })) {
          await output.row(entry, output.value(entry.value))
        }
      })
    )
  program
    .command('put <key> <value>')
    .description('set the value of a key')
    .option('--string', 'take VALUE for a string, also when it is JSON')
    .addHelpText('after', PUT)
    .action((key: string, text: string, { string = false }: { string?: boolean }, command: Command) =>
      run(command, async cli => {
        const { output, stdin, life } = cli
        const given = text === '-' ? await readAll(stdin, life.interrupted) : text
        // more likely a mistake than a value
        if (text === '-' && given === '' && !string)
          throw usage('Nothing came on standard input. Give --string to store an empty string.')
        const value = parseValue(given, { isString: string })
        for await (const row of cli.write({ op: 'put', params: { key, value } }))
          await output.row(row, `Put ${showKey(key)}.`)
      })
    )
  program
    .command('del <key>')
    .description('remove a key')
    .addHelpText('after', DEL)
    .action((key: string, _: object, command: Command) =>
      run(command, async cli => {
        for await (const row of cli.write({ op: 'del', params: { key } }))
          await cli.output.row(row, `Removed ${showKey(key)}.`)
      })
    )
}
