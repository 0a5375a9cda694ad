const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000]
]

/** How long ago, as people say it. `at`: ms since the epoch. */
export function ago(at: number, now = Date.now()): string {
  for (const [unit, length] of STEPS) {
    const count = Math.round((at - now) / length)
    if (count !== 0) return relative.format(count, unit)
  }
  return 'just now'
}
