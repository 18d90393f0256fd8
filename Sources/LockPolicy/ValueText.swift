func readDuration(_ text: String, in range: ClosedRange<Duration>, or words: [String] = []) throws(ValueError)
  -> Duration
{
  guard let first = text.utf8.first, (0x30...0x39).contains(first) || words.isEmpty else {
    throw ValueError("'\(text)' is not a duration (60s, 5m, ...) nor \(words.joined(separator: " nor "))")
  }
  let value = try Duration(policyText: text)
  guard range.contains(value) else {
    throw ValueError("\(text) is out of range: \(ValueForm.duration(range, words: words).summary)")
  }
  return value
}

private let sizeUnits: [(name: String, bytes: Int)] = [
  ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
  ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("KB", 1000),
  ("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10), ("B", 1), ("", 1),
]

func readSize(_ text: String, in range: ClosedRange<Int>) throws(ValueError) -> Int {
  let digits = text.prefix { $0.isASCII && $0.isNumber }
  guard let unit = sizeUnits.first(where: { $0.name == text.dropFirst(digits.count) })?.bytes, let count = Int(digits)
  else { throw ValueError("'\(text)' is not a size; write 51200000, 512KiB, 50MiB or 1GiB") }
  let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
  guard !overflow, range.contains(bytes) else {
    throw ValueError("\(text) is out of range: \(sizeText(range.lowerBound)) to \(range.upperBound >> 40)TiB")
  }
  return bytes
}

/// The size in the largest binary unit that is exact.
func sizeText(_ bytes: Int) -> String {
  guard bytes > 0, let unit = sizeUnits.first(where: { bytes % $0.bytes == 0 && $0.bytes & ($0.bytes - 1) == 0 }),
    unit.bytes > 1
  else { return String(bytes) }
  return "\(bytes / unit.bytes)\(unit.name)"
}

func readMode(_ text: String, requiring required: UInt32) throws(ValueError) -> UInt32 {
  let digits = text.hasPrefix("0o") ? text.dropFirst(2) : Substring(text)
  guard (1...4).contains(digits.utf8.count), digits.first != "+", let mode = UInt32(digits, radix: 8), mode <= 0o777
  else {
    throw ValueError("'\(text)' is not a file mode; write octal permissions such as 0600")
  }
  guard mode & required == required else {
    throw ValueError("mode \(text) is out of range: it must include \(octal(required))")
  }
  return mode
}

func octal(_ mode: UInt32) -> String {
  let digits = String(mode, radix: 8)
  return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

/// `2` rather than `2.0`.
func shortest(_ number: Double) -> String {
  let text = "\(number)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
