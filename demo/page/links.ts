/** Does it look like a link, rather than like a key alone? */
export function isLink(text: string): boolean {
  return text.includes('#') || text.includes('://')
}
