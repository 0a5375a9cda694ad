/** What runs beside the page in each tab of the tests with several: somebody who adds items, and looks at what is shown. */

/** What the test is told; a tab that dies a moment later has told it. */
export type Told =
  | { readonly kind: 'submitted' | 'shown'; readonly text: string }
  | { readonly kind: 'frozen' | 'restored' }
  /** What was typed is in its field again; with all messages that the page shows then. */
  | { readonly kind: 'returned'; readonly text: string; readonly messages: string }

export interface Typist {
  /** Adds `PREFIX.0`, `PREFIX.1`, … until `stop`, a few at once. */
  start(prefix: string): void
  stop(): void
  readonly prefix: string
  /** What it has added, and was not shown yet. */
  readonly pending: readonly string[]
}

/** Evaluated in each new document; it can use nothing from outside of it but `tell`. */
export function installTypist(): void {
  /** As many items as somebody who is quick adds before he sees the first. */
  const AT_ONCE = 4
  const globals = globalThis as unknown as { typist: Typist; tell(told: Told): Promise<void> }
  const shown = new Set<string>()
  const pending = new Set<string>()
  let prefix = ''
  let number = 0
  let isTyping = false

  // the answer may find a document that has gone
  const tell = (told: Told) => void globals.tell(told).catch(() => {})
  const look = () => {
    for (const { textContent: text } of document.querySelectorAll('.item .text')) {
      if (!text || shown.has(text)) continue
      shown.add(text)
      pending.delete(text)
      tell({ kind: 'shown', text })
    }
    // of a long list the first items are shown, and all that one asks for
    const more = [...document.querySelectorAll('button')].find(one =>
      one.textContent?.startsWith('Show more')
    )
    more?.click()
  }
  const type = () => {
    const field = document.querySelector<HTMLInputElement>('.add input')
    if (!field?.form || !isTyping) return
    if (field.value !== '') {
      const messages = [...document.querySelectorAll('.toast p, .notice')]
        .map(one => one.textContent)
        .join(' ')
      tell({ kind: 'returned', text: field.value, messages })
      field.value = ''
    }
    if (pending.size >= AT_ONCE) return
    const text = `${prefix}.${number++}`
    pending.add(text)
    tell({ kind: 'submitted', text })
    field.value = text
    field.form.requestSubmit()
  }
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true })
  setInterval(type, 1)
  addEventListener('freeze', () => tell({ kind: 'frozen' }), { capture: true })
  addEventListener('pageshow', ({ persisted }) => persisted && tell({ kind: 'restored' }))

  globals.typist = {
    start(given) {
      if (given !== prefix) number = 0
      prefix = given
      isTyping = true
    },
    stop() {
      isTyping = false
    },
    get prefix() {
      return prefix
    },
    get pending() {
      return [...pending]
    }
  }
}
