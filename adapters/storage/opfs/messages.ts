/** What a page asks of its worker. */
export type Question =
  | { readonly type: 'open'; readonly name: string }
  | { readonly type: 'size'; readonly slot: number }
  | { readonly type: 'read'; readonly slot: number; readonly at: number; readonly length: number }
  | { readonly type: 'write'; readonly slot: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'sync'; readonly slot: number }
  | { readonly type: 'truncate'; readonly slot: number; readonly size: number }
  | { readonly type: 'close' }

export interface Asked {
  readonly id: number
  readonly question: Question
}

export type Answer = number | Uint8Array | null

export type Answered =
  | { readonly id: number; readonly value: Answer }
  /** Name and message of what was thrown. */
  | { readonly id: number; readonly error: readonly [string, string] }
