/** Seeds that failed once, and what was wrong. They run always. */
export const REGRESSIONS: readonly { readonly seed: number; readonly what: string }[] = []
