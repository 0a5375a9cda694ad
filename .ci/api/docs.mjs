// Docstrings: what they say, as Markdown.
import ts from 'typescript'

/** The docstring of a declaration, or null: `{ text, params, returns, throws }`. */
export function docOf(node, link) {
  const holder = ts.isVariableDeclaration(node) ? node.parent.parent : node
  const doc = (holder.jsDoc ?? []).at(-1)
  if (!doc) return null
  const found = { text: textOf(doc.comment, link), params: [], returns: null, throws: [], isInternal: false }
  for (const tag of doc.tags ?? []) {
    const text = textOf(tag.comment, link)
    switch (tag.tagName.text) {
      case 'param':
        found.params.push({ name: tag.name.getText(), text })
        break
      case 'returns':
        found.returns = text
        break
      case 'throws':
        found.throws.push(text.replace(/^AutobeeError:?\s*/, ''))
        break
      case 'internal':
        found.isInternal = true
        break
      case 'example':
        found.text += `\n\n${text}`
        break
      default:
        throw new Error(
          `the tag @${tag.tagName.text} is not one that the reference knows: ${node.getSourceFile().fileName}`
        )
    }
  }
  return found
}

function textOf(comment, link) {
  if (!comment) return ''
  if (typeof comment === 'string') return linkPages(comment.trim())
  const parts = comment.map(part => {
    if (part.kind === ts.SyntaxKind.JSDocText) return part.text
    const name = part.name?.getText() ?? ''
    return link(name, part.text.replace(/^\s*\|?\s*/, '') || null)
  })
  return linkPages(parts.join('').trim())
}

/** Pages of the documentation are named by their path in the repository. */
function linkPages(text) {
  return text.replace(/(?<![\w/[])docs\/([A-Z]\w*\.md)/g, '[$1](../$1)')
}

/** All of a docstring, as paragraphs and lists. */
export function block(doc) {
  if (!doc) return []
  const lines = doc.text ? [doc.text, ''] : []
  const items = doc.params.map(({ name, text }) => `- \`${name}\`: ${flat(text)}`)
  if (doc.returns) items.push(`- gives ${flat(doc.returns)}`)
  for (const text of doc.throws) items.push(`- throws ${flat(text)}`)
  if (items.length) lines.push(...items, '')
  return lines
}

/** All of a docstring in one line, for a cell of a table. */
export function line(doc) {
  if (!doc) return ''
  const parts = [flat(doc.text), ...doc.params.map(({ name, text }) => `\`${name}\`: ${flat(text)}`)]
  for (const text of doc.throws) parts.push(`Throws ${flat(text)}`)
  return parts.filter(Boolean).join(' ')
}

function flat(text) {
  return text.replace(/\s*\n\s*/g, ' ').trim()
}
