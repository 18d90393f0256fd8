@testable internal import LockPolicy

/// `[/]` and a line with a pattern, and the text: what the pattern means, read off its definition.
func checkGlob(_ input: Input) {
  var input = input
  let isPath = input.line().first == UInt8(ascii: "/")
  let pattern = input.line().text
  let text = input.bytes
  let separator = isPath ? UInt8(ascii: "/") : nil
  let isMatch = Glob(pattern, separator: separator).matches(text)
  // The definition takes its time.
  guard pattern.utf8.count <= 12, text.count <= 16 else { return }
  let expected = matches(Array(pattern.utf8)[...], text[...], separator, isStart: true)
  require(isMatch == expected, "'\(pattern)' on '\(text.text)' is \(expected)")
}

private let star = UInt8(ascii: "*")

/// - Parameter isStart: whether a component begins here.
private func matches(
  _ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, _ separator: UInt8?, isStart: Bool
) -> Bool {
  guard let first = pattern.first else { return text.isEmpty }
  let rest = pattern.dropFirst()
  func go(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    matches(pattern, text, separator, isStart: false)
  }
  func one(_ rest: ArraySlice<UInt8>, _ accepts: (UInt8) -> Bool) -> Bool {
    guard let byte = text.first, accepts(byte) else { return false }
    return matches(rest, text.dropFirst(), separator, isStart: first == separator)
  }
  switch first {
  case star where rest.first == star && separator != nil:
    let beyond = rest.dropFirst()
    if isStart, beyond.first == separator {
      let after = beyond.dropFirst()
      return matches(after, text, separator, isStart: true)
        || text.indices.contains {
          text[$0] == separator && matches(after, text[($0 + 1)...], separator, isStart: true)
        }
    }
    return (text.startIndex...text.endIndex).contains { go(beyond, text[$0...]) }
  case star:
    let reach = separator.flatMap { text.firstIndex(of: $0) } ?? text.endIndex
    return (text.startIndex...reach).contains { go(rest, text[$0...]) }
  case UInt8(ascii: "?"): return one(rest) { $0 != separator }
  case UInt8(ascii: "\\") where !rest.isEmpty:
    return one(rest.dropFirst()) { [byte = rest[rest.startIndex]] in $0 == byte }
  case UInt8(ascii: "["):
    guard let (set, isNegated, after) = bracket(rest) else { return one(rest) { $0 == first } }
    return one(after) { $0 != separator && set.contains($0) != isNegated }
  default: return one(rest) { $0 == first }
  }
}

private func bracket(_ pattern: ArraySlice<UInt8>) -> (Set<UInt8>, isNegated: Bool, after: ArraySlice<UInt8>)? {
  var rest = pattern
  let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
  if isNegated { rest = rest.dropFirst() }
  var set: Set<UInt8> = []
  var isFirst = true
  while let low = rest.first {
    if low == UInt8(ascii: "]"), !isFirst { return (set, isNegated, rest.dropFirst()) }
    isFirst = false
    let ahead = Array(rest.prefix(3))
    if ahead.count == 3, ahead[1] == UInt8(ascii: "-"), ahead[2] != UInt8(ascii: "]") {
      set.formUnion((0...255).filter { $0 >= low && $0 <= ahead[2] })
      rest = rest.dropFirst(3)
    } else {
      set.insert(low)
      rest = rest.dropFirst()
    }
  }
  return nil
}
