// <akin-related> lists the articles that an akin server finds related to a page. docs/widget.md says how to use it.
// What the server answers is only ever text and http(s) links here. Colours and fonts are the page's own, so that it is dark where the page is.
(() => {
const home = new URL('.', document.currentScript?.src ?? location).href
const asked = ['server', 'corpus', 'key', 'article', 'url', 'limit', 'layout', 'min-band', 'exclude', 'languages']
const sheet = new CSSStyleSheet()
// A title and its row of source and date never take more lines than the bars in their place did, so nothing below moves when the answer comes.
sheet.replaceSync(`
:host { display: block; container-type: inline-size; min-width: min(100%, 16em) }
:host([hidden]) { display: none }
section { --lines: var(--akin-title-lines, 3); --line: 1px solid var(--akin-line-color, #8885); --gap: var(--akin-gap, 1em); --columns: var(--akin-columns, 3); display: flow-root; text-align: start }
h2, h3, h4, h5, h6 { margin: 0; padding: .5em 0 .6em; border-top: 3px solid var(--akin-accent, currentColor); font: inherit; font-size: 1.2em; font-weight: 700; line-height: 1.3 }
.list { display: grid; margin: 0; padding: 0; list-style: none }
.item { position: relative; display: flex; flex-direction: column; min-width: 0; padding: .7em 0 .8em; border-top: var(--line) }
:host([layout=grid]) .list { gap: var(--gap); grid-template-columns: repeat(auto-fill, minmax(min(100%, max(14em, (100% - (var(--columns) - 1) * var(--gap)) / var(--columns))), 1fr)) }
:host([layout=grid]) .item { padding: .9em 1em; border: var(--line); border-radius: var(--akin-radius, .4em) }
@container (width > 30em) { :host(:not([layout=grid])) section { --lines: var(--akin-title-lines, 2) } }
.title { display: -webkit-box; overflow: hidden; color: inherit; font-weight: 600; line-height: 1.4; overflow-wrap: anywhere; text-align: -webkit-match-parent; text-align: match-parent; text-decoration: none; -webkit-box-orient: vertical; -webkit-line-clamp: var(--lines) }
.title::after { position: absolute; inset: 0; content: "" }
a:hover { color: var(--akin-accent, inherit); text-decoration: underline; text-underline-offset: .15em }
a:focus { outline: 0 }
a:focus-visible::after { outline: 3px solid var(--akin-accent, currentColor); outline-offset: 1px }
.meta { display: flex; height: 1.8em; margin: auto 0 0; font-size: .85em; line-height: 2.1; opacity: .75; white-space: nowrap }
.source { overflow: hidden; text-overflow: ellipsis }
.source + .date::before { content: "·"; margin: 0 .4em }
.bars { height: calc(var(--lines) * 1.4em); --bar: linear-gradient(#8883 0 0) no-repeat 0; background: var(--bar) .25em / 85% .9em, var(--bar) 1.65em / 55% .9em }
.bars:dir(rtl) { transform: scaleX(-1) }
`)

const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag)
  for (const name in attributes) if (attributes[name]) element.setAttribute(name, attributes[name])
  element.append(...children)
  return element
}
const part = (tag, name, attributes, ...children) => make(tag, { part: name, class: name, ...attributes }, ...children)

const safe = href => {
  try {
    const { protocol, href: whole } = new URL(href, document.baseURI)
    return /^https?:$/.test(protocol) && whole
  } catch {}
}

const day = (date, language) => {
  try {
    return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(date))
  } catch {
    return date
  }
}

customElements.get('akin-related') || customElements.define('akin-related', class extends HTMLElement {
  static observedAttributes = [...asked, 'heading', 'heading-level', 'lang', 'link']
  #box = make('section')
  #matches
  #request // between connected and disconnected
  #near
  #below

  constructor() {
    super()
    // The page may have kept room for this element while the script was on its way.
    this.#box.style.minHeight = this.offsetHeight + 'px'
    const root = this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [sheet]
    root.append(this.#box)
  }

  connectedCallback() {
    this.refresh()
  }

  disconnectedCallback() {
    this.#stop()
  }

  attributeChangedCallback(name, before, after) {
    if (!this.#request || before === after) return
    if (asked.includes(name)) this.refresh()
    else if (this.#matches) this.#list()
  }

  // refresh asks again: for pages that change their address without loading.
  refresh() {
    this.#stop()
    if (!this.isConnected) return
    const request = this.#request = new AbortController()
    this.#matches = null
    this.#show(...this.#heading, make('div', { class: 'list', 'aria-hidden': 'true' }, ...Array.from({ length: this.#limit }, () =>
      part('div', 'item', {}, make('div', { class: 'bars' }), part('p', 'meta')))))
    if (this.#fallback) this.#show(make('slot'))
    this.#near = new IntersectionObserver(seen => seen.some(entry => entry.isIntersecting) && this.#load(request), { rootMargin: '600px' })
    this.#near.observe(this)
  }

  #stop() {
    this.#near?.disconnect()
    this.#below?.disconnect()
    this.#request?.abort()
    this.#request = null
  }

  async #load(request) {
    this.#near.disconnect()
    const late = setTimeout(() => request.abort(Error('no answer within 10 s')), 10000)
    let matches, failure
    try {
      const response = await fetch(this.#address, { signal: request.signal, credentials: 'omit' })
      if (!response.ok) throw Error('the server answers ' + response.status)
      matches = ((await response.json()).matches ?? []).filter(match => match.article?.title).slice(0, this.#limit)
    } catch (error) {
      failure = error
    }
    clearTimeout(late)
    if (request !== this.#request) return
    this.#matches = matches ?? []
    if (matches?.length) this.#list()
    else this.#show(make('slot', { name: failure && this.#fallback ? '' : 'empty' }))
    this.dispatchEvent(new CustomEvent(failure ? 'akin-error' : 'akin-load', { bubbles: true, composed: true, detail: failure ?? matches }))
  }

  #list() {
    if (this.#matches.length) this.#show(...this.#heading, part('ul', 'list', { role: 'list' }, ...this.#matches.map(match => this.#item(match.article))))
  }

  #item({ id, title, url, source, language, publishedDate: date }) {
    const template = this.getAttribute('link')
    const href = safe(url || template && template.replace('{id}', encodeURIComponent(id)) || 'about:blank')
    const meta = []
    if (source) meta.push(part('span', 'source', { dir: 'auto' }, source))
    if (date) meta.push(part('time', 'date', { datetime: date, lang: this.#language }, day(date, this.#language)))
    return part('li', 'item', { lang: language }, part(href ? 'a' : 'span', 'title', { href, dir: 'auto' }, title), ...(meta.length ? [part('p', 'meta', {}, ...meta)] : []))
  }

  // #show puts children into the box. The room that it takes stays taken until the answer is there, and the box below what the reader sees.
  #show(...children) {
    const box = this.#box
    box.style.minHeight = box.offsetHeight + 'px'
    box.replaceChildren(...children)
    this.#below?.disconnect()
    if (!this.#matches) return
    this.#below = new IntersectionObserver(([entry], observer) => {
      if (entry.isIntersecting || entry.boundingClientRect.top < 0) return
      box.style.minHeight = ''
      observer.disconnect()
    })
    this.#below.observe(this)
  }

  get #fallback() {
    return this.querySelector(':scope > :not([slot])')
  }

  get #language() {
    return this.closest('[lang]')?.lang || navigator.language
  }

  get #limit() {
    return Math.min(Math.max(parseInt(this.getAttribute('limit')) || (this.getAttribute('layout') === 'grid' ? 6 : 5), 1), 20)
  }

  get #heading() {
    const language = this.#language
    const own = this.getAttribute('heading')
    const [lang, caption] = !/^zh\b/i.test(language) ? ['en', 'Related articles'] : /hant|tw|hk|mo/i.test(language) ? ['zh-Hant', '相關文章'] : ['zh', '相关文章']
    const text = own || caption
    this.#box.setAttribute('aria-label', text)
    const level = /^[2-6]$/.exec(this.getAttribute('heading-level')) ?? 2
    return own === '' ? [] : [part('h' + level, 'heading', { lang: own ? '' : lang }, text)]
  }

  get #address() {
    const words = name => (this.getAttribute(name) ?? '').split(/\s+/).filter(Boolean)
    const article = this.getAttribute('article')
    const query = new URLSearchParams({ page_size: this.#limit, evidence_size: -1, min_band: 'BAND_' + (this.getAttribute('min-band') || 'same-topic').toUpperCase().replace('-', '_') })
    if (!article) query.set('url', this.getAttribute('url') || document.querySelector('link[rel~=canonical]')?.href || location.origin + location.pathname)
    for (const id of words('exclude')) query.append('filter.excluded_ids', id)
    for (const language of words('languages')) query.append('filter.languages', language)
    if (this.hasAttribute('key')) query.set('key', this.getAttribute('key'))
    const corpus = encodeURIComponent(this.getAttribute('corpus') || 'default')
    return `${(this.getAttribute('server') || home).replace(/\/+$/, '')}/v1/corpora/${corpus}/${article ? `articles/${encodeURIComponent(article)}/` : ''}related?${query}`
  }
})
})()
