const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'medium' })

/** Latest and earliest time that a Date has, ms: a timestamp may be any number. */
const END = 8.64e15

/** Today the time, before that the day. `at`: ms since the epoch. */
export function clock(at: number, now = Date.now()): string {
  if (!isDate(at)) return '?'
  const date = new Date(at)
  return date.toDateString() === new Date(now).toDateString() ? time.format(date) : day.format(date)
}

export function inFull(at: number): string {
  return isDate(at) ? full.format(new Date(at)) : `${at} ms, which no calendar has`
}

/** For a `time` element; undefined where there is no such date. */
export function dateTime(at: number): string | undefined {
  return isDate(at) ? new Date(at).toISOString() : undefined
}

function isDate(at: number): boolean {
  return Math.abs(at) <= END
}
