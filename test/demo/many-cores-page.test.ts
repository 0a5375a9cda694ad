import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Locator, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createRelay } from '../../adapters/transport/relay.ts'
import { launchChromium, newPage } from '../support/chromium.ts'
import { until } from '../support/peers.ts'
import { Program } from './program.ts'

let browser: Browser
let context: BrowserContext
let dir: string
const programs: Program[] = []
/** What went wrong in the pages of a test, unseen. */
let errors: (readonly string[])[] = []

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'autobee-many-cores-page-'))
  context = await browser.newContext()
  errors = []
})

afterEach(async () => {
  await context.close()
  await Promise.all(programs.splice(0).map(program => program.kill('SIGKILL')))
  await rm(dir, { recursive: true, force: true })
})

afterAll(() => browser?.close())

interface Writer {
  readonly program: Program
  readonly main: string
  readonly short: string
  readonly long: string
  /** Of the page, with the key. */
  readonly url: string
}

async function writer(...args: string[]): Promise<Writer> {
  const program = new Program('many-cores/writer', args, { cwd: dir })
  programs.push(program)
  const [, short, long] = await program.says(/^Short .* core (\w{64}), .* core (\w{64})$/m)
  const [, url, main] = await program.says(/^Or in a browser: (.*key=(\w{64}))$/m)
  return { program, main, short, long, url } as Writer
}

async function open(url: string): Promise<Page> {
  const { page, errors: unseen } = await newPage(context)
  errors.push(unseen)
  await page.goto(url)
  return page
}

/** The card of a core. */
function card(page: Page, key: string): Locator {
  return page.getByRole('article').filter({ has: page.getByText(key, { exact: true }) })
}

interface Shown {
  readonly length: string
  /** The last blocks, by their numbers. */
  readonly blocks: readonly (readonly [number, string])[]
}

async function shown(page: Page, key: string): Promise<Shown | null> {
  const found = card(page, key)
  if ((await found.count()) === 0) return null
  const blocks = await found
    .getByRole('listitem')
    .evaluateAll(items => items.map(item => [(item as HTMLLIElement).value, item.textContent] as const))
  return { length: await found.locator('output').innerText(), blocks }
}

async function shows(page: Page, key: string, expected: Shown): Promise<void> {
  await until(async () => JSON.stringify(await shown(page, key)) === JSON.stringify(expected))
}

async function says(page: Page, role: 'status' | 'alert', sentence: RegExp): Promise<void> {
  await page.getByRole(role).filter({ hasText: sentence }).waitFor()
}

test('shows all cores from the main key, their lengths and last blocks, those that come included', async () => {
  const { program, main, short, long, url } = await writer('--relay')
  program.type('abcd', 'abcde', 'éé')
  const page = await open(url)
  await says(page, 'status', /^Connected to one peer/)
  await shows(page, short, {
    length: '2 blocks',
    blocks: [
      [0, 'abcd'],
      [1, 'éé']
    ]
  })
  await shows(page, long, { length: '1 block', blocks: [[0, 'abcde']] })
  await shows(page, main, {
    length: '1 block',
    blocks: [[0, JSON.stringify({ otherKeys: [short, long] })]]
  })
  program.type(...Array.from({ length: 30 }, (_, i) => `message ${i}`), '<b>bold</b>')
  await shows(page, long, {
    length: '32 blocks',
    blocks: [
      ...Array.from({ length: 9 }, (_, i) => [i + 22, `message ${i + 21}`] as const),
      [31, '<b>bold</b>']
    ]
  })
  expect(await page.getByRole('article').count()).toBe(3)
  expect(errors.flat()).toEqual([])
})

test('reloaded, it shows what this browser has, without the writer and without the relay, and goes on when they are back', async () => {
  let relay = await createRelay()
  const { port, url: relayUrl } = relay
  const { program, short, long, url } = await writer('--relay', relayUrl)
  program.type('number one', 'abc')
  const page = await open(url)
  const one: Shown = { length: '1 block', blocks: [[0, 'number one']] }
  await shows(page, long, one)
  await shows(page, short, { length: '1 block', blocks: [[0, 'abc']] })
  await relay.close()
  await page.reload()
  await shows(page, long, one)
  await says(page, 'status', /^The relay cannot be reached/)
  program.type('number two')
  relay = await createRelay({ port })
  await shows(page, long, {
    length: '2 blocks',
    blocks: [
      [0, 'number one'],
      [1, 'number two']
    ]
  })
  // the browser itself says so whenever it cannot connect
  expect(errors.flat().filter(error => !error.includes(relayUrl))).toEqual([])
  await context.close()
  await relay.close()
})

test('a writer that was stopped and started again is read on by the page that is open', async () => {
  const { program, long, url } = await writer('--relay')
  const { port } = new URL(url)
  program.type('number one')
  const page = await open(url)
  await shows(page, long, { length: '1 block', blocks: [[0, 'number one']] })
  expect(await program.kill('SIGTERM')).toBe(0)
  await says(page, 'status', /^The relay cannot be reached/)
  const again = await writer('--relay', port)
  again.program.type('number two')
  await until(async () => (await shown(page, long))?.length === '2 blocks')
  await says(page, 'status', /^Connected to one peer/)
})

test('by keyboard: the form takes a key, and says what is none', async () => {
  const { program, main, short, long, url } = await writer('--relay')
  program.type('abc', 'hello, page')
  const page = await open(url.split('#')[0] as string)
  await says(page, 'status', /^Give the key/)
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.tagName)
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('key')
  await page.keyboard.type('no key')
  await page.keyboard.press('Enter')
  await says(page, 'alert', /^"no key" is no key/)

  const typed = async (key: string) => {
    await page.getByLabel('Key of the main core').focus()
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type(key)
  }
  await typed(main)
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('relay')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('BUTTON')
  await page.keyboard.press('Space')
  await shows(page, long, { length: '1 block', blocks: [[0, 'hello, page']] })
  await shows(page, short, { length: '1 block', blocks: [[0, 'abc']] })
  expect(await page.getByRole('alert').innerText()).toBe('')

  await typed(short)
  await page.keyboard.press('Enter')
  await says(page, 'alert', /^This is no key of a main core/)
  expect(errors.flat()).toEqual([])
})

test('a second tab says that it waits, and goes on when the first is closed', async () => {
  const { program, long, url } = await writer('--relay')
  program.type('hello, page')
  const first = await open(url)
  await shows(first, long, { length: '1 block', blocks: [[0, 'hello, page']] })
  const second = await open(url)
  await says(second, 'status', /^Another tab of this browser reads already/)
  await first.close()
  await shows(second, long, { length: '1 block', blocks: [[0, 'hello, page']] })
})

test('in light and in dark, all text can be read, and what has the focus is seen', async () => {
  const { program, long, url } = await writer('--relay')
  program.type('hello, page')
  const page = await open(url)
  await shows(page, long, { length: '1 block', blocks: [[0, 'hello, page']] })
  const papers: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const { paper, contrasts, outline } = await page.evaluate(colours)
    papers.push(paper)
    // WCAG 2.2, level AA
    for (const { text, ratio } of contrasts) expect(ratio, text).toBeGreaterThanOrEqual(4.5)
    expect(outline).toBeGreaterThanOrEqual(3)
  }
  expect(new Set(papers).size).toBe(2)
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 700 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  }
})

/** Runs in the page. */
function colours() {
  const numbers = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (colour: string) => {
    const [r = 0, g = 0, b = 0] = numbers(colour).map(value => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const paper = getComputedStyle(document.body).backgroundColor
  const contrast = (colour: string) => {
    const [light = 0, dark = 0] = [luminance(colour), luminance(paper)].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }
  const texts = [...document.querySelectorAll('h1, h2, p, label, input, button, code, output, li')]
  const button = document.querySelector('button') as HTMLElement
  button.focus({ focusVisible: true } as FocusOptions)
  return {
    paper,
    contrasts: texts.map(element => ({
      text: element.tagName,
      ratio: contrast(getComputedStyle(element).color)
    })),
    outline: contrast(getComputedStyle(button).outlineColor)
  }
}
