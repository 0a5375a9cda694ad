/** Of the package that Hypercore's stack takes its cryptography from: what `../sodium.ts` adds to it in a page. */
declare module 'sodium-universal' {
  /** Resolves when all of it works. Not there in Node, where it always does. */
  export const ready: Promise<void> | undefined
}
