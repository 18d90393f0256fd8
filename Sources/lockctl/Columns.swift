/// Rows of cells as lines, each column as wide as its widest cell.
func aligned(_ rows: [[String]], indent: String = "") -> String {
  let rows = rows.map { $0.map(\.visible) }
  let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
  return rows.map { row in
    let cells = zip(row, widths).dropLast().map { $0.padded(to: $1 + 2) }
    return indent + cells.joined() + (row.last ?? "") + "\n"
  }.joined()
}
