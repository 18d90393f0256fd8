@testable internal import LockPolicy
@testable internal import Mailbox

private let from = Array("From ".utf8)

/// A line with `o` for mboxo, `R` to repeat the message, and a letter for the portions; then a message.
func checkFramer(_ input: Input) {
  var input = input
  let options = input.line()
  let isMboxo = options.contains(UInt8(ascii: "o"))
  let message = input.bytes.repeated(options.contains(UInt8(ascii: "R")))
  let framed = frame(message, isMboxo ? .mboxo : .mboxrd, portion: message.count)
  let portion = Int(options.first ?? 0) % 8 + 1
  require(
    frame(message, isMboxo ? .mboxo : .mboxrd, portion: portion) == framed, "portions of \(portion) change nothing")

  let isEnded = message.isEmpty || message.last == .newline
  let expected = (message + (isEnded ? [] : [.newline])).lines.flatMap { isMarked($0, isMboxo) ? [0x3E] + $0 : $0 }
  require(framed == expected + [.newline], "lines that begin a message are marked, no others, and a blank line ends it")
  require(!framed.lines.contains { $0.starts(with: from) }, "no line begins another message")
}

/// Whether the line needs a `>` before it.
private func isMarked(_ line: ArraySlice<UInt8>, _ isMboxo: Bool) -> Bool {
  (isMboxo ? line : line.drop { $0 == 0x3E }).starts(with: from)
}

private func frame(_ message: [UInt8], _ quoting: Policy.Quoting, portion: Int) -> [UInt8] {
  var framer = Framer(quoting)
  var framed: [UInt8] = []
  message.withUnsafeBytes { bytes in
    for start in stride(from: 0, to: bytes.count, by: max(portion, 1)) {
      framer.frame(bytes.slice(start..<min(start + portion, bytes.count))) { framed += $0 }
    }
  }
  framer.finish { framed += $0 }
  return framed
}

/// A line with letters: `s`, `u`, `r`, `d`, `e`: what is known besides the message, each in a line that follows;
/// then a message.
func checkMessage(_ input: Input) {
  var input = input
  let options = input.line()
  func isGiven(_ letter: Unicode.Scalar) -> Bool { options.contains(UInt8(ascii: letter)) }
  var envelope = Envelope()
  if isGiven("s") { envelope.sender = input.line() }
  if isGiven("u") { envelope.fromLine = input.next(before: 0) }
  if isGiven("r") { envelope.returnPathLine = input.next(before: 0) }
  if isGiven("d") { envelope.deliveredToLine = input.next(before: 0) }
  if isGiven("e") { envelope.environmentSender = input.next(before: 0) }
  let message = input.bytes.repeated(isGiven("R"))
  let framed = spool(message, envelope, portion: .max)
  require(spool(message, envelope, portion: Int(options.first ?? 0) % 8 + 1) == framed, "portions change nothing")
  check(framed, message, envelope)
}

private func check(_ framed: [UInt8], _ message: [UInt8], _ envelope: Envelope) {
  let lines = framed.lines
  let postmark = Array(lines[0])
  require(postmark.last == .newline, "the first line ends")
  require(FromLine(postmark.dropLast())?.bytes == postmark, "the first line is a From_ line: \(postmark.text)")
  require(!lines.dropFirst().contains { $0.starts(with: from) }, "no other line begins a message")
  require(framed.suffix(2) == [.newline, .newline], "a blank line ends the message")

  var body = lines.dropFirst()
  if envelope.fromLine != nil {
    for (header, name) in [(envelope.returnPathLine, "return-path:"), (envelope.deliveredToLine, "delivered-to:")] {
      guard let header, header.text.lowercased().hasPrefix(name) else { continue }
      let line = body.popFirst() ?? []
      require(line.last == .newline && line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 }, "one line")
    }
  }
  // A reader takes away the blank line, and one `>`.
  let unmarked = body.flatMap { $0.first == 0x3E && isMarked($0, false) ? $0.dropFirst() : $0 }.dropLast()
  let ended = message + (message.isEmpty || message.last == .newline ? [] : [.newline])
  let withoutPostmark = ended.lines.dropFirst().flatMap { $0 }
  let isLed = envelope.fromLine == nil && ended.lines.first.map { FromLine(Array($0.dropLast())[...]) != nil } == true
  require(unmarked.elementsEqual(isLed ? withoutPostmark : ended), "readers get the message back")
}

private func spool(_ message: [UInt8], _ envelope: Envelope, portion: Int) -> [UInt8] {
  var offset = 0
  do {
    let spool = try Spool(envelope, quoting: .mboxrd, directories: [], now: 0) { buffer in
      let count = min(buffer.count, portion, message.count - offset)
      message.withUnsafeBytes { buffer.copyMemory(from: $0.slice(offset..<offset + count)) }
      offset += count
      return count
    }
    let empty = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    return Array(try spool.piece(of: spool.record(padding: 0), from: 0, scratch: empty))
  } catch {
    fatalError("\(error)")
  }
}

/// A line that may be a From_ line.
func checkFromLine(_ input: Input) {
  var input = input
  let isRepeated = input.line() == [UInt8(ascii: "R")]
  let text = input.bytes.repeated(isRepeated)
  guard let line = text.withUnsafeBytes({ FromLine(leading: $0) }) else { return }
  require(line.bytes.filter { $0 == .newline }.count == 1 && line.bytes.last == .newline, "it is one line")
  require(line.bytes.dropLast().allSatisfy { !$0.isBlank || $0 == 0x20 || $0 == 9 }, "without control characters")
  require(line.length <= text.count && line.length == text.lines[0].count, "it replaces the line that was there")
  require(FromLine(line.bytes.dropLast())?.bytes == line.bytes, "and is one itself: \(line.bytes.text)")
}
