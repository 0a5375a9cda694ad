import type { Autobee } from '../../src/index.ts'

/** Connected for so long, and nothing came, ms. */
const SILENCE = 5_000

/** Connected, and yet nothing came: perhaps the key is another database's. Tells it once. */
export function hintWhenSilent(
  db: Pick<Autobee, 'writers' | 'writable' | 'closed'>,
  { isConnected, problem }: { isConnected(): boolean; problem(sentence: string): void }
): void {
  const timer = setInterval(() => {
    const isEmpty = [...db.writers].every(({ length }) => length === 0)
    if (!isEmpty || db.writable || db.closed) clearInterval(timer)
    else if (isConnected()) {
      clearInterval(timer)
      problem(
        'Connected, but nothing has come yet: either nobody has written, or the other peer has another database. ' +
          'Compare its key with the one above.'
      )
    }
  }, SILENCE)
  timer.unref()
}
