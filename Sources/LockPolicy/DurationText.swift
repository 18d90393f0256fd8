extension Duration {
  /// Reads `250ms`, `60s`, `5m`, `1h`, `2d` or a bare number of seconds; a fraction is fine (`1.5s`).
  ///
  /// - Throws: what is wrong with the text.
  public init(policyText text: String) throws(ValueError) {
    // By bytes: a policy has many durations, and a program that runs once per message reads them all.
    let digits = text[
      ..<(text.utf8.firstIndex { !(0x30...0x39).contains($0) && $0 != UInt8(ascii: ".") } ?? text.endIndex)]
    let unit = text[digits.endIndex...]
    guard let nanoseconds = nanosecondsPerUnit.first(where: { $0.name == unit || (unit.isEmpty && $0.name == "s") })
    else { throw ValueError("'\(text)' is not a duration; write 250ms, 60s, 5m, 1h or 2d") }
    guard let value = decimal(digits, times: nanoseconds.count) else {
      throw ValueError("'\(text)' is not a duration; write 250ms, 60s, 5m, 1h or 2d")
    }
    self = .nanoseconds(value)
  }

  /// The form that ``init(policyText:)`` reads back as the same value, in the largest exact unit.
  public var policyText: String {
    let count = wholeNanoseconds
    // Everyone knows the rule as the 60 s rule.
    if count == 60_000_000_000 { return "60s" }
    if count == 0 { return "0s" }
    if let unit = nanosecondsPerUnit.last(where: { count % $0.count == 0 }) {
      return "\(count / unit.count)\(unit.name)"
    }
    var fraction = String(count % 1_000_000)
    fraction = String(repeating: "0", count: 6 - fraction.count) + fraction
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(count / 1_000_000).\(fraction)ms"
  }

  /// The duration in nanoseconds, cut off below.
  var wholeNanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}

private let nanosecondsPerUnit: [(name: String, count: Int64)] = [
  ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
  ("d", 86_400_000_000_000),
]

/// A decimal number without sign or exponent, times a whole number; `nil` when malformed, or beyond a century.
private func decimal(_ digits: Substring, times unit: Int64) -> Int64? {
  let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
  guard (1...2).contains(parts.count), let whole = Int64(parts[0]), whole <= 3_200_000_000_000_000_000 / unit
  else { return nil }
  guard parts.count == 2 else { return whole * unit }
  let places = parts[1].prefix(9)
  guard let fraction = Int64(places), parts[1].allSatisfy(\.isNumber) else { return nil }
  let scale = (0..<places.count).reduce(Int64(1)) { value, _ in value * 10 }
  return whole * unit + Int64(Int128(fraction) * Int128(unit) / Int128(scale))
}
