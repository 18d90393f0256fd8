/// A shell pattern over bytes: `*`, `?`, `[a-z]`, `[!a-z]`, `\x`; with a separator, `**` crosses it and `*` does not.
/// `/**/` also means a single `/`.
struct Glob {
  private let pattern: [UInt8]
  private let separator: UInt8?

  init(_ pattern: String, separator: UInt8? = nil) {
    self.pattern = Array(pattern.utf8)
    self.separator = separator
  }

  func matches(_ text: [UInt8]) -> Bool {
    // Row p holds, for each start in the text, whether pattern[p...] matches from there: no backtracking, so a
    // hostile pattern costs its length times the text's.
    var pieces: [Piece] = []
    var at = 0
    while at < pattern.count { pieces.append(piece(at: &at)) }
    var row = [Bool](repeating: false, count: text.count + 1)
    row[text.count] = true
    for piece in pieces.reversed() { row = step(piece, over: text, then: row) }
    return row[0]
  }

  private enum Piece {
    case run(crossing: Bool)
    /// Nothing, or anything that ends in a separator.
    case directories
    case one((UInt8) -> Bool)
  }

  private func step(_ piece: Piece, over text: [UInt8], then rest: [Bool]) -> [Bool] {
    switch piece {
    case .one(let accepts):
      return text.indices.map { accepts(text[$0]) && rest[$0 + 1] } + [false]
    case .run(let crossing):
      var row = rest
      for start in text.indices.reversed() where row[start + 1] && (crossing || text[start] != separator) {
        row[start] = true
      }
      return row
    case .directories:
      var row = rest
      var reachesBeyond = false
      for start in text.indices.reversed() {
        if text[start] == separator, rest[start + 1] { reachesBeyond = true }
        if reachesBeyond { row[start] = true }
      }
      return row
    }
  }

  private func piece(at: inout Int) -> Piece {
    let byte = pattern[at]
    at += 1
    switch byte {
    case UInt8(ascii: "*"):
      return run(at: &at)
    case UInt8(ascii: "?"):
      return .one { [separator] in $0 != separator }
    case UInt8(ascii: "["):
      return bracket(at: &at) ?? .one { $0 == byte }
    case UInt8(ascii: "\\") where at < pattern.count:
      let literal = pattern[at]
      at += 1
      return .one { $0 == literal }
    default:
      return .one { $0 == byte }
    }
  }

  /// What the `*` before `at` begins.
  private func run(at: inout Int) -> Piece {
    guard at < pattern.count, pattern[at] == UInt8(ascii: "*") else { return .run(crossing: separator == nil) }
    let isWholeComponent = at == 1 || pattern[at - 2] == separator
    at += 1
    guard isWholeComponent, at < pattern.count, pattern[at] == separator else { return .run(crossing: true) }
    at += 1
    return .directories
  }

  /// A bracket expression after its `[`; `nil`, and nothing consumed, when it is never closed.
  private func bracket(at: inout Int) -> Piece? {
    var next = at
    let negated = next < pattern.count && (pattern[next] == UInt8(ascii: "!") || pattern[next] == UInt8(ascii: "^"))
    if negated { next += 1 }
    let first = next
    var ranges: [ClosedRange<UInt8>] = []
    while next < pattern.count, pattern[next] != UInt8(ascii: "]") || next == first {
      let low = pattern[next]
      if next + 2 < pattern.count, pattern[next + 1] == UInt8(ascii: "-"), pattern[next + 2] != UInt8(ascii: "]") {
        if low <= pattern[next + 2] { ranges.append(low...pattern[next + 2]) }
        next += 3
      } else {
        ranges.append(low...low)
        next += 1
      }
    }
    guard next < pattern.count else { return nil }
    at = next + 1
    return .one { [separator] byte in byte != separator && ranges.contains { $0.contains(byte) } != negated }
  }
}
