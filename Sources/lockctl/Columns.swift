/// Rows of cells as lines, each column as wide as its widest cell.
func aligned(_ rows: [[String]], indent: String = "") -> String {
  let rows = rows.map { $0.map(\.visible) }
  let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
  return rows.map { row in
    let cells = zip(row, widths).dropLast().map { $0.padded(to: $1 + 2) }
    return indent + cells.joined() + (row.last ?? "") + "\n"
  }.joined()
}

extension String {
  /// The text with control characters made visible: a file's name must not drive the terminal.
  var visible: String {
    unicodeScalars.map { character in
      switch character {
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}": character.escaped(asASCII: true)
      default: String(character)
      }
    }.joined()
  }

  func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}
