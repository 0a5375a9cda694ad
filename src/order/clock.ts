/**
 * The hybrid logical clock: the timestamp of the next local unit, in ms.
 *
 * Not "+ 1 per own append": at 30,000 appends a second that would drive the clock ten minutes ahead within twenty seconds.
 * Own units of the same millisecond are told apart by their length.
 *
 * @param o.now the local wall clock, in ms
 * @param o.previous timestamp of the writer's own previous unit, 0 if there is none
 * @param o.linked the highest timestamp among the units that the new one links to, 0 if it links to none
 */
export function nextTimestamp(o: { now: number; previous: number; linked: number }): number {
  return Math.max(o.now, o.previous, o.linked + 1)
}
