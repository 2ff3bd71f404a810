// What happens on the page, for the tests to read.
window.record = { shift: 0, violations: [], errors: [], events: [] }
new PerformanceObserver(list => list.getEntries().forEach(entry => record.shift += entry.value)).observe({ type: 'layout-shift', buffered: true })
addEventListener('securitypolicyviolation', event => record.violations.push(`${event.violatedDirective}: ${event.blockedURI}`))
addEventListener('error', event => record.errors.push(event.message))
addEventListener('unhandledrejection', event => record.errors.push(String(event.reason)))
for (const name of ['akin-load', 'akin-error']) addEventListener(name, event => record.events.push({ name, detail: event.detail.message ?? event.detail.length }))
