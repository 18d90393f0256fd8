/// A line `From sender date`, as it separates the messages of an mbox.
struct FromLine {
  /// The line to write, with its newline.
  let bytes: [UInt8]
  /// How many bytes it took of the text that it was found in, newline included.
  let length: Int

  /// A line that has a sender and a date in it; `nil` for every other.
  ///
  /// What follows the sender is kept as it is. A sender of several words must be quoted (`"a b"@example.org`), and
  /// becomes one word, because readers take the first word for it.
  init?(_ line: ArraySlice<UInt8>, length: Int = 0) {
    guard line.starts(with: "From ".utf8) else { return nil }
    let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    guard line.allSatisfy({ !$0.isBlank || $0 == .space || $0 == UInt8(ascii: "\t") }) else { return nil }
    let words = line.split { $0.isBlank }.dropFirst()
    guard let date = PostmarkDate.index(in: Array(words)), date > 0 else { return nil }
    let senderWords = words.prefix(date)
    guard let first = senderWords.first, let last = senderWords.last,
      senderWords.count == 1 || first.first == UInt8(ascii: "\"")
    else { return nil }
    bytes =
      Array("From ".utf8) + Self.word(Array(line[first.startIndex..<last.endIndex])) + line[last.endIndex...] + [
        .newline
      ]
    self.length = length
  }

  /// The line that a message begins with, if it is one.
  init?(leading head: UnsafeRawBufferPointer) {
    guard head.holds("From ", length: 5, at: 0) else { return nil }
    let end = head.firstIndex(of: .newline) ?? head.count
    self.init(ArraySlice(head.slice(0..<end)), length: min(end + 1, head.count))
  }

  /// A line with this sender and date.
  ///
  /// - Parameters:
  ///   - sender: the address; empty: a bounce.
  ///   - seconds: since 1970.
  static func bytes(_ sender: [UInt8], _ seconds: Int64) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(sender.count + 64)
    line += "From ".utf8
    line += word(sender)
    line.append(.space)
    line += PostmarkDate.text(seconds)
    line.append(.newline)
    return line
  }

  /// A sender's address as the one word that a `From ` line has room for: blanks and control characters become `-`,
  /// and the empty address is `MAILER-DAEMON`.
  private static func word(_ sender: [UInt8]) -> [UInt8] {
    var address = sender[...]
    if address.first == UInt8(ascii: "<"), address.last == UInt8(ascii: ">") {
      address = address.dropFirst().dropLast()
    }
    guard !address.isEmpty else { return Array("MAILER-DAEMON".utf8) }
    return address.map { $0.isBlank ? UInt8(ascii: "-") : $0 }
  }
}
