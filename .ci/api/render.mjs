// One page of Markdown for each entry point.
import ts from 'typescript'
import { block, docOf, line } from './docs.mjs'

/** What everybody can do with an emitter, told once. */
const EMITTER = /^(on|once|off|addListener|removeListener|removeAllListeners|emit|listenerCount)$/

/** `{ pages, undocumented }`: the pages by file name, and the public names without a docstring. */
export function render({ entries, symbols, checker }) {
  const byName = new Map()
  for (const about of symbols.values())
    if (!about.isForeign) byName.set(about.name, [...(byName.get(about.name) ?? []), about])
  const undocumented = []
  const pages = new Map()
  for (const entry of entries) {
    const page = new Page(entry, { byName, symbols, checker, undocumented })
    pages.set(fileOf(entry.name), page.render())
  }
  pages.set('README.md', index(entries, symbols))
  return { pages, undocumented }
}

export function fileOf(entry) {
  return `${entry.replaceAll('/', '-')}.md`
}

function anchorOf(name) {
  return name.toLowerCase()
}

function index(entries, symbols) {
  const lines = [
    '# API reference',
    '',
    'What each entry point of the package exports, with its types. Made from the docstrings by `npm run docs:api`.',
    ''
  ]
  lines.push('| import | for | what there is to call |', '|---|---|---|')
  for (const entry of entries) {
    const own = [...symbols.values()].filter(
      about => about.home === entry.name && isValue(about) && !isInternal(about)
    )
    const values = own
      .map(({ name }) => name)
      .sort((a, b) => (a < b ? -1 : 1))
      .map(name => `[${name}](${fileOf(entry.name)}#${anchorOf(name)})`)
    lines.push(
      `| [${entry.name}](${fileOf(entry.name)}) | ${entry.only ?? 'Node and pages'} | ${values.join(', ')} |`
    )
  }
  lines.push(
    '',
    'Pages are documents and workers. What is for one runtime alone can be imported in the other, and throws `UNSUPPORTED_RUNTIME` when it is used.'
  )
  return `${lines.join('\n')}\n`
}

function isValue({ declarations, isForeign }) {
  return (
    !isForeign &&
    declarations.some(node => !ts.isInterfaceDeclaration(node) && !ts.isTypeAliasDeclaration(node))
  )
}

function isInternal({ declarations: [first] }) {
  return first !== undefined && docOf(first, name => name)?.isInternal === true
}

class Page {
  #entry
  #symbols
  #byName
  #checker
  #undocumented

  constructor(entry, { byName, symbols, checker, undocumented }) {
    this.#symbols = symbols
    this.#entry = entry
    this.#byName = byName
    this.#checker = checker
    this.#undocumented = undocumented
  }

  render() {
    const symbols = this.#symbols
    const { name, only, names } = this.#entry
    const lines = [`# \`${name}\``, '']
    if (only)
      lines.push(
        `For ${only === 'Node' ? 'Node' : 'pages and workers'}; elsewhere what it exports throws \`UNSUPPORTED_RUNTIME\`.`,
        ''
      )
    const fallback = names.get('default')
    if (fallback) lines.push(`The default export is \`${symbols.get(fallback)?.name ?? fallback.name}\`.`, '')
    const own = [...symbols].filter(
      ([, about]) => about.home === name && !about.isForeign && !isInternal(about)
    )
    const sorted = own
      .map(([, about]) => about)
      .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    for (const about of sorted) lines.push(...this.#symbol(about))
    lines.push(...this.#elsewhere(symbols))
    return `${lines
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim()}\n`
  }

  /** What it exports as well, and where that is described. */
  #elsewhere(symbols) {
    const items = []
    for (const [name, symbol] of [...this.#entry.names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const about = symbols.get(symbol)
      if (name === 'default' || !about || isInternal(about)) continue
      if (about.isForeign) items.push(`\`${name}\` (of the package \`${packageOf(name)}\`)`)
      else if (about.home !== this.#entry.name) items.push(this.#linkTo(about, `\`${name}\``))
    }
    return items.length ? ['## Also exported', '', `${items.join(', ')}.`] : []
  }

  #symbol(about) {
    const [first] = about.declarations
    const lines = [`## ${about.name}`, '']
    if (ts.isFunctionDeclaration(first)) return [...lines, ...this.#function(about)]
    if (ts.isClassDeclaration(first) || ts.isInterfaceDeclaration(first))
      return [...lines, ...this.#type(about, first)]
    const doc = this.#doc(first, about.name)
    if (ts.isVariableDeclaration(first)) {
      lines.push(code(`const ${about.name}: ${this.#typeOf(first)}`))
    } else {
      lines.push(code(this.#alias(first)))
    }
    return [...lines, '', ...block(doc), ...this.#see(first)]
  }

  #alias(node) {
    const text = withoutComments(node.getText().replace(/^export /, ''))
    if (!/\btypeof\b/.test(text)) return text
    // made from a value that is not exported: what it comes to
    const type = this.#checker.getTypeAtLocation(node)
    return `type ${node.name.text} = ${this.#checker.typeToString(type, undefined, ts.TypeFormatFlags.InTypeAlias | ts.TypeFormatFlags.NoTruncation)}`
  }

  #function(about) {
    const overloads = about.declarations.filter(node => ts.isFunctionDeclaration(node))
    const shown = overloads.length > 1 ? overloads.filter(({ body }) => !body) : overloads
    const signatures = shown.map(node => `function ${about.name}${this.#signature(node)}`)
    const documented = overloads.find(node => docOf(node, this.#linker)) ?? overloads[0]
    return [
      code(signatures.join('\n')),
      '',
      ...block(this.#doc(documented, about.name)),
      ...this.#see(...shown)
    ]
  }

  /** A class or an interface: properties in a table, then what can be called. */
  #type(about, node) {
    const isClass = ts.isClassDeclaration(node)
    const heritage = (node.heritageClauses ?? []).flatMap(({ types }) => [...types])
    const events = heritage.map(type => /typedEmitter<(\w+)>/.exec(type.getText())?.[1]).find(Boolean)
    const parents = heritage
      .filter(type => !type.getText().startsWith('typedEmitter'))
      .map(type => type.getText())
    const parameters = node.typeParameters
      ? `<${node.typeParameters.map(one => one.getText()).join(', ')}>`
      : ''
    const head = `${isClass ? 'class' : 'interface'} ${about.name}${parameters}${parents.length ? ` extends ${parents.join(', ')}` : ''}`
    const lines = [code(head), '', ...block(this.#doc(node, about.name))]
    const inherited = parents.map(text => this.#find(text.replace(/<.*/s, ''))).filter(Boolean)
    if (inherited.length)
      lines.push(
        `Has also what ${inherited.map(({ name }) => this.#link(name, null)).join(' and ')} has.`,
        ''
      )
    if (events)
      lines.push(
        `Emits ${this.#link(events, null)}: \`on\`, \`once\`, \`off\` and the rest of Node's \`EventEmitter\`.`,
        ''
      )

    const rows = []
    const calls = []
    const seen = new Set()
    for (const member of node.members) {
      if (isHidden(member, this.#linker)) continue
      const name = nameOf(member)
      if (isCall(member)) {
        if (events && EMITTER.test(name)) continue
        const others = node.members.filter(one => isCall(one) && nameOf(one) === name)
        if (seen.has(name)) continue
        seen.add(name)
        calls.push(...this.#call(about, others))
      } else {
        rows.push(this.#row(about, member))
      }
    }
    if (rows.length) lines.push('| | | |', '|---|---|---|', ...rows, '')
    return [...lines, ...calls]
  }

  #row(about, member) {
    const name = nameOf(member)
    const isStatic = modifiers(member).includes('static')
    const optional = member.questionToken ? '?' : ''
    const doc = this.#memberDoc(about, member)
    return `| \`${isStatic ? `${about.name}.` : ''}${name}${optional}\` | ${this.#inline(member)} | ${cell(line(doc))} |`
  }

  #call(about, overloads) {
    const name = nameOf(overloads[0])
    const shown =
      overloads.length > 1 && overloads.some(({ body }) => !body)
        ? overloads.filter(({ body }) => !body)
        : overloads
    const isStatic = modifiers(overloads[0]).includes('static')
    const title = name === 'constructor' ? `new ${about.name}` : isStatic ? `${about.name}.${name}` : name
    const lines = []
    for (const node of shown)
      lines.push(`**\`${title}${this.#signature(node).replace(/\s*\n\s*/g, ' ')}\`**`, '')
    const documented = overloads.find(node => docOf(node, this.#linker)) ?? overloads[0]
    return [...lines, ...block(this.#memberDoc(about, documented))]
  }

  #signature(node) {
    const generics = node.typeParameters
      ? `<${node.typeParameters.map(one => one.getText()).join(', ')}>`
      : ''
    const parameters = node.parameters.map(one => {
      const name = ts.isIdentifier(one.name) ? one.name.text : 'options'
      const optional = one.questionToken || one.initializer ? '?' : ''
      return `${one.dotDotDotToken ? '...' : ''}${name}${optional}: ${this.#typeOf(one)}`
    })
    const result = ts.isConstructorDeclaration(node)
      ? ''
      : `: ${node.type ? withoutComments(node.type.getText()) : this.#resultOf(node)}`
    const flat = `${generics}(${parameters.join(', ')})${result}`
    return flat.length <= 100 || !ts.isFunctionDeclaration(node)
      ? flat
      : `${generics}(\n  ${parameters.join(',\n  ')}\n)${result}`
  }

  #resultOf(node) {
    const signature = this.#checker.getSignatureFromDeclaration(node)
    return this.#checker.typeToString(this.#checker.getReturnTypeOfSignature(signature))
  }

  #typeOf(node) {
    if (node.type) return withoutComments(node.type.getText())
    return this.#checker.typeToString(this.#checker.getTypeAtLocation(node))
  }

  /** The type of a member in a table: code, in which the names of this package's types are links. */
  #inline(node) {
    const known = this.#named(node)
    const flat = this.#typeOf(node).replace(/\s*\n\s*/g, ' ')
    const linked = escapeType(flat).replace(/\b[A-Z]\w+\b/g, name =>
      known.has(name) ? this.#linkTo(known.get(name), name) : name
    )
    return `<code>${linked}</code>`
  }

  /** The types of this package that declarations name. */
  #see(...nodes) {
    const known = new Map(nodes.flatMap(node => [...this.#named(node)]))
    const links = [...known.values()].map(about => this.#linkTo(about, `\`${about.name}\``))
    return links.length ? [`See ${links.join(', ')}.`, ''] : []
  }

  #named(node) {
    const known = new Map()
    const visit = child => {
      if (ts.isBlock(child)) return
      if (ts.isIdentifier(child) && child.parent !== node) {
        const symbol = this.#checker.getSymbolAtLocation(child)
        const target =
          symbol && symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol
        const about = target && this.#symbols.get(target)
        if (about && !about.isForeign) known.set(child.text, about)
      }
      ts.forEachChild(child, visit)
    }
    visit(node)
    return known
  }

  /** By its name alone: what this entry exports, else what only one exports. */
  #find(name) {
    const own = this.#symbols.get(this.#entry.names.get(name))
    if (own && !own.isForeign) return own
    const all = this.#byName.get(name) ?? []
    return all.length === 1 ? all[0] : null
  }

  #linker = (name, text) => this.#link(name, text === null ? null : text)

  #link(name, text) {
    const shown = text ?? `\`${name}\``
    const [owner] = name.split('.')
    const about = this.#find(owner)
    if (!about) return shown === name ? name : `\`${name}\``
    return this.#linkTo(about, shown)
  }

  #linkTo(about, shown) {
    const file = about.home === this.#entry.name ? '' : fileOf(about.home)
    return `[${shown}](${file}#${anchorOf(about.name)})`
  }

  /** A docstring that has to be there. */
  #doc(node, name) {
    const doc = docOf(node, this.#linker)
    if (!doc?.text && !doc?.throws.length && !doc?.params.length)
      this.#undocumented.push(`${name} of ${this.#entry.name}`)
    return doc
  }

  /** Of a member: every method of a class or a handle, and every option, needs one; a field may say all by its name. */
  #memberDoc(about, member) {
    const [owner] = about.declarations
    const isOption = about.name.endsWith('Options') && member.questionToken
    const isNeeded =
      ts.isClassDeclaration(owner) || about.name.endsWith('Handle')
        ? isCall(member) && !EMITTER.test(nameOf(member))
        : isOption
    return isNeeded ? this.#doc(member, `${about.name}.${nameOf(member)}`) : docOf(member, this.#linker)
  }
}

/** Functions, classes, other values, then types. */
function rank({ declarations: [first] }) {
  if (ts.isClassDeclaration(first)) return 0
  if (ts.isFunctionDeclaration(first)) return 1
  return ts.isVariableDeclaration(first) ? 2 : 3
}

function isCall(member) {
  return (
    ts.isMethodDeclaration(member) ||
    ts.isMethodSignature(member) ||
    ts.isConstructorDeclaration(member) ||
    ts.isCallSignatureDeclaration(member)
  )
}

function isHidden(member, link) {
  if (member.name && (ts.isPrivateIdentifier(member.name) || ts.isComputedPropertyName(member.name)))
    return true
  if (modifiers(member).some(word => word === 'private' || word === 'protected')) return true
  return (
    ts.isSetAccessor(member) ||
    ts.isClassStaticBlockDeclaration(member) ||
    docOf(member, link)?.isInternal === true
  )
}

function modifiers(node) {
  return (node.modifiers ?? []).map(({ kind }) => ts.tokenToString(kind))
}

function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  const text = node.name?.getText() ?? ''
  return text.replace(/^(['"])(.*)\1$/, '$2')
}

function packageOf(name) {
  return name.toLowerCase()
}

function code(text) {
  return `\`\`\`ts\n${text}\n\`\`\``
}

function withoutComments(text) {
  return text.replace(/\s*\/\*\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*\n/gm, '')
}

function escapeType(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('|', '\\|')
    .replaceAll('[', '&#91;')
    .replaceAll(']', '&#93;')
    .replaceAll('*', '&#42;')
}

function cell(text) {
  return text.replaceAll('|', '\\|')
}
