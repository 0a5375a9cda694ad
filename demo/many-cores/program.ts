import { AutobeeError } from '../../src/index.ts'
import { UserError } from '../common/user-error.ts'

/**
 * Runs `main` and sets the exit code; what a user can put right is told without its stack.
 * @param main gets what resolves when the program shall end
 */
export async function run(main: (stop: Promise<void>) => Promise<void>): Promise<void> {
  try {
    await main(stopped())
  } catch (error) {
    if (!(error instanceof UserError) && !AutobeeError.is(error)) throw error
    console.error(error.message)
    process.exitCode = error instanceof UserError ? error.exitCode : 1
  }
}

/** Resolves when the user or the system wants the program to end; the second time ends it at once. */
function stopped(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve()
        process.once(signal, () => process.exit(130))
      })
    }
    // whoever read the output is gone
    process.stdout.on('error', () => resolve())
  })
}
