/** What went wrong, as sentences that say what to do. */
export interface Trouble {
  readonly code: string
  readonly title: string
  readonly advice: string
  /** Would opening the page anew help? */
  readonly reload?: boolean
}

const SENTENCES: Readonly<Record<string, Omit<Trouble, 'code'>>> = {
  STORE_FULL: {
    title: 'There is no room left',
    advice:
      'Nothing of this change was kept, and what you typed is still in its field. Free some space on this device or in this browser, and try again.'
  },
  STORE_LOCKED: {
    title: 'This board is open elsewhere',
    advice: 'Another tab or window of this browser has it open. Close it there, then reload this page.',
    reload: true
  },
  STORE_CORRUPT: {
    title: 'What this browser has stored is damaged',
    advice:
      'Nothing was changed. Forget the board on the start page and open it again by an invitation: other devices that have it give it back.'
  },
  STORE_CLOSED: {
    title: 'The storage was closed',
    advice:
      'The browser closed it, or its data was cleared. Reload this page: what other devices have comes back.',
    reload: true
  },
  STORE_FAILED: {
    title: 'The storage does not answer',
    advice: 'Reload this page. If that does not help, restart the browser.',
    reload: true
  },
  NO_INDEXEDDB: {
    title: 'This browser lets the page store nothing',
    advice:
      'Some browsers do so in private windows, or when site data is blocked. Open this page in an ordinary window, or allow it to store data.'
  },
  NO_WEBASSEMBLY: {
    title: 'This browser has no WebAssembly',
    advice:
      'The cryptography needs it. Use a current browser, and switch off modes that disable it (such as lockdown mode) for this page.'
  },
  UPGRADE_REQUIRED: {
    title: 'This page is too old for the board',
    advice:
      'Somebody writes with a newer version. Reload this page until it says the same no more; nothing is lost.',
    reload: true
  },
  DIVERGED: {
    title: 'Two devices disagree',
    advice:
      'A device with the same entries shows another board, which must not be. Reload this page on all devices, so that they run the same version.',
    reload: true
  },
  CONFLICT: {
    title: 'This device writes twice',
    advice:
      'Its data was copied or restored from a backup while it went on elsewhere. Forget the board here and join it again by an invitation.'
  },
  NOT_WRITABLE: {
    title: 'You may not write on this board',
    advice: 'Ask somebody who may to let you in. What you typed is still in its field.'
  },
  CLOCK_SKEW: {
    title: 'The clock of this device is wrong',
    advice: 'It differs from that of the others by many minutes. Set it right, and try again.'
  },
  ENTRY_TOO_LARGE: { title: 'That is too long', advice: 'Shorten it, or divide it into several.' },
  ENCRYPTION_KEY_MISMATCH: {
    title: 'That link does not fit this board',
    advice: 'Its key for the encryption is another one. Ask for a new invitation.'
  },
  INVALID_KEY: {
    title: 'That is no invitation',
    advice: 'Its key is damaged. Copy the whole link again.'
  },
  OWNER_CHANGED: {
    title: 'Another tab took over just now',
    advice: 'It may be that this change was not made. Look, and do it again if it was not.'
  },
  FORGOTTEN: {
    title: 'This board was forgotten in another tab',
    advice: 'Its data is deleted from this browser. To have it again, open an invitation to it.'
  },
  OFFLINE: {
    title: 'The page could not be loaded',
    advice: 'A part of it is not here yet. Connect to the network once, and reload.',
    reload: true
  }
}

/** @param error anything that was thrown */
export function troubleOf(error: unknown): Trouble {
  const code = codeOf(error)
  const known = SENTENCES[code]
  if (known) return { code, ...known }
  const said = error instanceof Error ? error.message : String(error)
  // an invitation's errors are sentences for people
  if (error instanceof Error && error.name === 'InvitationError')
    return { code, title: 'That is no invitation', advice: said }
  return {
    code,
    title: 'Something went wrong',
    advice: `${said}. Reload this page and try again.`,
    reload: true
  }
}

function codeOf(error: unknown): string {
  const { code, reason, name, message } = (error ?? {}) as Partial<
    Record<'code' | 'reason' | 'name' | 'message', string>
  >
  if (code === 'UNSUPPORTED_RUNTIME') return reason === 'WEBASSEMBLY' ? 'NO_WEBASSEMBLY' : 'NO_INDEXEDDB'
  if (code && code in SENTENCES) return code
  if (typeof WebAssembly === 'undefined') return 'NO_WEBASSEMBLY'
  if (typeof indexedDB === 'undefined') return 'NO_INDEXEDDB'
  if (name === 'TypeError' && /import/.test(message ?? '')) return 'OFFLINE'
  return code ?? 'UNKNOWN'
}
