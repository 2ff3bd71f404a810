// Reads the description of the API and lists its calls. It knows as much of YAML as the generator of that file writes: maps, lists, and plain, quoted, and folded texts.
'use strict'

function parse (text) {
  const lines = text.split('\n').filter(line => line.trim() !== '' && !line.trim().startsWith('#'))
  let at = 0
  const indentOf = line => line.length - line.trimStart().length

  function scalar (text) {
    if (text.startsWith('"')) return JSON.parse(text)
    if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'")
    if (text === '[]') return []
    if (text === '{}') return {}
    return text
  }

  function block (parent) { // of a text that stands in lines of its own
    const out = []
    let indent = null
    while (at < lines.length && indentOf(lines[at]) > parent) {
      indent ??= indentOf(lines[at])
      out.push(lines[at++].slice(indent))
    }
    return out.join('\n')
  }

  function value (text, indent) { // what follows a name or a dash
    if (/^[|>][+-]?$/.test(text)) return block(indent)
    if (text !== '') {
      while (at < lines.length && indentOf(lines[at]) > indent && !/^['"]/.test(text)) text += ' ' + lines[at++].trim()
      return scalar(text)
    }
    if (at < lines.length && (indentOf(lines[at]) > indent || (indentOf(lines[at]) === indent && lines[at].trim().startsWith('- ')))) return node(indentOf(lines[at]))
    return null
  }

  function node (indent) {
    const list = lines[at].trim().startsWith('- ')
    const out = list ? [] : {}
    while (at < lines.length && indentOf(lines[at]) === indent && lines[at].trim().startsWith('- ') === list) {
      let line = lines[at].slice(indent)
      if (list) {
        line = line.slice(2)
        if (/^[^'"\s][^:]*:( |$)/.test(line)) { // a map, whose first name stands behind the dash
          lines[at] = ' '.repeat(indent + 2) + line
          out.push(node(indent + 2))
        } else {
          at++
          out.push(value(line, indent))
        }
        continue
      }
      const [, name, rest] = /^("[^"]*"|'[^']*'|[^:]+):\s*(.*)$/.exec(line)
      at++
      out[scalar(name)] = value(rest, indent)
    }
    return out
  }
  return node(0)
}

function element (name, text, ...children) {
  const e = document.createElement(name)
  if (text) e.textContent = text
  e.append(...children)
  return e
}

function typeOf (parameter) {
  const of = parameter.schema ?? parameter
  if (of.$ref) return of.$ref.split('/').pop()
  if (of.type === 'array') return 'list of ' + typeOf(of.items)
  return of.enum ? of.enum.join(' | ') : of.type
}

function call (method, path, of) {
  const rows = (of.parameters ?? []).map(p => element('tr', '', element('td', '', element('code', p.name)), element('td', p.in), element('td', typeOf(p)), element('td', p.description)))
  const details = element('details', '', element('summary', '', element('b', method.toUpperCase()), element('code', path), element('span', of.operationId)), element('p', of.summary), element('p', of.description))
  if (rows.length > 0) details.append(element('table', '', element('tr', '', ...['parameter', 'in', 'type', ''].map(t => element('th', t))), ...rows))
  return details
}

function definition (name, of) {
  const rows = Object.entries(of.properties ?? {}).map(([field, p]) => element('tr', '', element('td', '', element('code', field)), element('td', typeOf(p)), element('td', p.description ?? p.title)))
  return element('details', '', element('summary', '', element('code', name)), element('p', of.description ?? of.title), element('table', '', ...rows))
}

const calls = document.getElementById('calls')

fetch('openapi.yaml').then(answer => answer.ok ? answer.text() : Promise.reject(new Error(answer.status))).then(text => {
  const api = parse(text)
  calls.replaceChildren(element('h2', 'Calls'))
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, of] of Object.entries(methods)) calls.append(call(method, path, of))
  }
  calls.append(element('h2', 'Messages'))
  for (const [name, of] of Object.entries(api.definitions)) calls.append(definition(name, of))
}).catch(error => calls.replaceChildren(element('p', 'openapi.yaml cannot be shown: ' + error.message)))
