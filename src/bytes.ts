/** Bytes as the stack gives them: a Buffer where Node's types are known, else what every Buffer is. */
export type Bytes = typeof globalThis extends { Buffer: { from(text: string): infer B extends Uint8Array } }
  ? B
  : Uint8Array
