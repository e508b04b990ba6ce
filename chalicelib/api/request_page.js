'use strict'
const K = new Uint32Array(64)
const START = new Uint32Array(8)
{
  // the first 64 primes: fractions of their cube roots, and of the square roots of the first eight (FIPS 180-4)
  const fraction = x => ((x - Math.floor(x)) * 4294967296) | 0
  let n = 0
  for (let p = 2; n < 64; p++) {
    let prime = true
    for (let d = 2; d * d <= p; d++) if (p % d === 0) { prime = false; break }
    if (!prime) continue
    if (n < 8) START[n] = fraction(Math.sqrt(p))
    K[n++] = fraction(Math.cbrt(p))
  }
}

class Sha256 {
  constructor () { this.h = START.slice(); this.w = new Uint32Array(64); this.rest = new Uint8Array(0); this.length = 0 }

  add (bytes) {
    this.length += bytes.length
    const all = new Uint8Array(this.rest.length + bytes.length)
    all.set(this.rest); all.set(bytes, this.rest.length)
    const whole = all.length - all.length % 64
    const view = new DataView(all.buffer)
    for (let at = 0; at < whole; at += 64) this.block(view, at)
    this.rest = all.slice(whole)
  }

  block (view, at) {
    const w = this.w, h = this.h
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + 4 * i)
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2]
      const s = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3
      const t = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10
      w[i] = w[i - 16] + s + w[i - 7] + t | 0
    }
    let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], j = h[7]
    for (let i = 0; i < 64; i++) {
      const s = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)
      const one = j + s + (e & f ^ ~e & g) + K[i] + w[i] | 0
      const t = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)
      const two = t + (a & b ^ a & c ^ b & c) | 0
      j = g; g = f; f = e; e = d + one | 0; d = c; c = b; b = a; a = one + two | 0
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += j
  }

  hex () {
    const bits = this.length * 8
    const padding = new Uint8Array((this.rest.length < 56 ? 56 : 120) - this.rest.length + 8)
    padding[0] = 128
    const view = new DataView(padding.buffer)
    view.setUint32(padding.length - 8, Math.floor(bits / 4294967296))
    view.setUint32(padding.length - 4, bits >>> 0)
    this.add(padding)
    return Array.from(this.h, one => one.toString(16).padStart(8, '0')).join('')
  }
}

const CHUNK = 4 << 20
const AT_ONCE = 2
const here = location.pathname.split('/').pop()
const list = document.getElementById('files')
const status = document.getElementById('status')
const waiting = []
let running = 0, sent = 0, failed = 0

const size = bytes => {
  if (bytes < 1024) return bytes + ' bytes'
  let unit = -1
  do { bytes /= 1024; unit++ } while (bytes >= 1024 && unit < 3)
  return bytes.toFixed(1) + ' ' + ['KB', 'MB', 'GB', 'TB'][unit]
}

const element = (name, kind, text) => {
  const made = document.createElement(name)
  if (kind) made.className = kind
  if (text) made.textContent = text
  return made
}

const tell = () => {
  const left = waiting.length + running
  const word = n => n + (n === 1 ? ' file' : ' files')
  status.textContent = left ? 'Sending ' + word(left) + '\u2026'
    : (sent ? word(sent) + ' sent. Thank you! ' : '') + (failed ? word(failed) + ' could not be sent.' : '')
}

const add = file => {
  const row = element('li', 'file')
  const head = element('div', 'head')
  const note = element('span', 'note', size(file.size))
  head.append(element('span', 'name', file.name), note)
  const bar = element('progress')
  bar.max = 1; bar.value = 0
  bar.setAttribute('aria-label', file.name)
  row.append(head, bar)
  list.append(row)
  waiting.push({ file, row, note, bar })
}

const hashed = async ({ file, note }) => {
  const sum = new Sha256()
  for (let at = 0; at < file.size; at += CHUNK) {
    sum.add(new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer()))
    if (file.size > CHUNK) note.textContent = 'Reading ' + Math.round(100 * Math.min(1, (at + CHUNK) / file.size)) + '%'
  }
  return sum.hex()
}

const asked = async (path, body) => {
  const answer = await fetch(here + path, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body)
  })
  const found = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Error(found.detail || 'It could not be sent. Try again later.')
  return found
}

const put = ({ file, bar, note }, address) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest()
  request.open('PUT', address.url)
  for (const [name, value] of Object.entries(address.headers)) {
    if (name !== 'content-length') request.setRequestHeader(name, value)
  }
  request.upload.onprogress = event => {
    if (!event.lengthComputable) return
    bar.value = event.loaded / event.total
    note.textContent = size(event.loaded) + ' of ' + size(event.total)
  }
  // 412: it has arrived before, and only the answer was lost
  request.onload = () => request.status < 300 || request.status === 412 ? resolve()
    : reject(new Error('It did not arrive whole. Try again.'))
  request.onerror = () => reject(new Error('The connection was lost. Try again.'))
  request.send(file)
})

const send = async one => {
  one.row.className = 'file'
  try {
    const sender = document.getElementById('sender').value.trim()
    const offer = { filename: one.file.name, size: one.file.size, sha256: await hashed(one) }
    if (sender) offer.sender = sender
    if (!one.address || new Date(one.address.expires_at) < new Date()) one.address = await asked('/uploads', offer)
    await put(one, one.address)
    await asked('/uploads/' + one.address.upload_id + '/sent', {})
    one.bar.value = 1
    one.row.className = 'file done'
    one.note.textContent = 'Sent, ' + size(one.file.size)
    sent++
  } catch (fault) {
    one.row.className = 'file wrong'
    one.note.textContent = 'Not sent'
    const again = element('button', 'again', 'Try again')
    const why = element('p', 'alarm', fault.message + ' ')
    again.type = 'button'
    again.onclick = () => { why.remove(); failed--; waiting.push(one); go() }
    why.append(again)
    one.row.append(why)
    failed++
  }
}

const go = () => {
  tell()
  while (running < AT_ONCE && waiting.length) {
    running++
    send(waiting.shift()).finally(() => { running--; go() })
  }
}

const take = files => { for (const file of files) add(file); go() }
const drop = document.getElementById('drop')
const chosen = document.getElementById('chosen')
chosen.onchange = () => { take(chosen.files); chosen.value = '' }
drop.ondragover = event => { event.preventDefault(); drop.classList.add('over') }
drop.ondragleave = () => drop.classList.remove('over')
drop.ondrop = event => { event.preventDefault(); drop.classList.remove('over'); take(event.dataTransfer.files) }
window.onbeforeunload = event => { if (running) event.preventDefault() }
