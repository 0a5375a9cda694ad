/** Control characters that would do something to a terminal: of both sets, and those that turn its direction round. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text that another peer may have written, on one line and harmless to a terminal. */
export function harmless(text: string): string {
  return text.replace(CONTROL, character => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** A key for people: as it is, or in quotes where its ends could not be seen. */
export function showKey(key: string): string {
  return /^[^\s"=]+$/u.test(key) ? harmless(key) : harmless(JSON.stringify(key))
}

export function showValue(value: unknown): string {
  return harmless(JSON.stringify(value))
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

export function showBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let size = bytes
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000
  return unit === 0 ? count(bytes, 'byte') : `${size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`
}

/** Names and values below each other. */
export function table(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')
}

export function shorten(text: string, most = 40): string {
  const shown = harmless(text)
  return shown.length > most ? `${shown.slice(0, most)}…` : shown
}

/** Of a peer that joined, and has heard of nothing. */
export const UNFETCHED =
  'Nothing has come from other peers yet. It comes when `autobee serve` runs here and is connected to one that has it.'
