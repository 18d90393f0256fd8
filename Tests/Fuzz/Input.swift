/// An input that is taken apart from its beginning. Options are a line of text, so that people can read and write inputs.
struct Input {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: UnsafeBufferPointer<UInt8>) { rest = Array(bytes)[...] }

  var bytes: [UInt8] { Array(rest) }

  /// Everything up to the separator, which goes, too; all of it where there is none.
  mutating func next(before separator: UInt8) -> [UInt8] {
    let end = rest.firstIndex(of: separator) ?? rest.endIndex
    defer { rest = rest[end...].dropFirst() }
    return Array(rest[..<end])
  }

  mutating func line() -> [UInt8] { next(before: UInt8(ascii: "\n")) }

  mutating func word() -> String { String(decoding: next(before: UInt8(ascii: " ")), as: UTF8.self) }

  /// The part before a line `%`.
  mutating func section() -> [UInt8] {
    var section: [UInt8] = []
    while !rest.isEmpty {
      let isLast = !rest.contains(UInt8(ascii: "\n"))
      let line = line()
      if line == [UInt8(ascii: "%")] { break }
      section += line
      if !isLast { section.append(UInt8(ascii: "\n")) }
    }
    return section
  }
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }

  /// The bytes again and again, so that what takes more than its share of time for each byte takes too long.
  func repeated(_ isWanted: Bool) -> [UInt8] {
    guard isWanted, !isEmpty, count < 1 << 14 else { return self }
    return Array([[UInt8]](repeating: self, count: (1 << 14) / count).joined())
  }

  /// The lines, each with its newline; the last may have none.
  var lines: [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var rest = self[...]
    while !rest.isEmpty {
      let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
      lines.append(rest[..<end])
      rest = rest[end...]
    }
    return lines
  }
}
