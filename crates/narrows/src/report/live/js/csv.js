// Tables as comma-separated values, as RFC 4180 describes them.

/** Cells of text, quoted where they must be. */
export function csv(rows) {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A spreadsheet would calculate what begins with = or @: an apostrophe keeps it text. */
function cell(text) {
  const plain = /^[=@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
