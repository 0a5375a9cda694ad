/** Tables in Markdown, and the file that they are kept in. */
import { readFile, writeFile } from 'node:fs/promises'

type Align = 'left' | 'right'

export function table(
  heads: readonly string[],
  aligns: readonly Align[],
  rows: readonly (readonly string[])[]
): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = aligns.map(align => (align === 'left' ? '---' : '---:')).join('|')
  return [line(heads), `|${rule}|`, ...rows.map(line)]
}

/** One figure to a line. */
export interface Row {
  readonly name: string
  readonly value: string
  readonly beside?: string
  readonly target?: string
  readonly met?: boolean
}

export function rowsTable(head: string, rows: readonly Row[]): string[] {
  return table(
    [head, 'measured', 'beside', 'target', ''],
    ['left', 'right', 'right', 'right', 'left'],
    rows.map(({ name, value, beside = '', target = '', met }) => [
      name,
      value,
      beside,
      target,
      met === undefined ? '' : met ? 'met' : '**not met**'
    ])
  )
}

export const whole = (n: number): string => Math.round(n).toLocaleString('en')
export const ratio = (n: number): string => n.toFixed(n < 10 ? 2 : 1)

/**
 * Replaces one measured section of a file; what is written around it by hand stays. A section that is not there yet is
 * added at the end.
 */
export async function save(path: string, { section, lines }: { section: string; lines: readonly string[] }) {
  const begin = `<!-- measured: ${section} -->`
  const end = `<!-- end: ${section} -->`
  const file = await readFile(path, 'utf8').catch(() => '')
  const text = file.includes(begin) ? file : `${file}\n${begin}\n${end}\n`
  const [before, rest] = text.split(begin) as [string, string]
  await writeFile(path, `${before}${begin}\n${lines.join('\n')}\n${end}${rest.split(end)[1] ?? ''}`)
}
