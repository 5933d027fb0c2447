/* Tables as files (RFC 4180). A cell that a spreadsheet would run as a formula gets an apostrophe in
 * front, amounts excepted. */
const formula = /^[=+\-@\t\r]/
const number = /^-?\d+(\.\d+)?$/

function cell(value: unknown): string {
  let text = value === null || value === undefined ? '' : String(value)
  if (formula.test(text) && !number.test(text)) text = "'" + text
  return /[",\r\n]/.test(text) || text !== text.trim() ? '"' + text.replaceAll('"', '""') + '"' : text
}

export function csv(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [header, ...rows].map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n'
}

/* Hands a text to the browser as a file. Spreadsheets know UTF-8 by its mark; anything else is to
 * be the bytes it is. */
export function download(name: string, text: string, type = 'text/csv;charset=utf-8'): void {
  const url = URL.createObjectURL(new Blob([(type.startsWith('text/csv') ? '\ufeff' : '') + text], { type }))
  const a = document.createElement('a')
  a.href = url
  a.download = name
  a.click()
  // the browser has taken it by then
  setTimeout(() => URL.revokeObjectURL(url), 10000)
}
