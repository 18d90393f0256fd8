/// The lines that come before a message in an mbox: the `From ` line, and behind qmail's the headers that go with it.
struct Postmark {
  /// The lines, each with its newline.
  private(set) var lines: [UInt8] = []
  /// How many bytes of the message's beginning these lines take the place of.
  private(set) var replaced = 0

  /// Finds the sender, in the order that ``Envelope`` describes.
  ///
  /// - Parameters:
  ///   - envelope: what is known besides the message.
  ///   - head: the message's beginning: all of it, or as much as is looked at for a `Return-Path` header, since the
  ///     `From ` line must be written before the rest is read.
  ///   - now: seconds since 1970, for a line that has to be made.
  init(_ envelope: Envelope, head: UnsafeRawBufferPointer, now: Int64) {
    let leading = envelope.fromLine == nil ? FromLine(leading: head) : nil
    replaced = leading?.length ?? 0
    if let sender = envelope.sender {
      lines = FromLine.bytes(sender, now)
    } else if let line = envelope.fromLine.flatMap({ FromLine($0.oneLine[...]) }) ?? leading {
      lines = line.bytes
    } else {
      lines = FromLine.bytes(envelope.environmentSender ?? Self.returnPath(in: head) ?? [], now)
    }
    guard envelope.fromLine != nil else { return }
    addHeader("Return-Path:", envelope.returnPathLine)
    addHeader("Delivered-To:", envelope.deliveredToLine)
  }

  /// A variable that is not the header it should be is left out: a line without a colon would end the message's header,
  /// and `From ` would begin another message.
  private mutating func addHeader(_ name: StaticString, _ line: [UInt8]?) {
    guard let line = line?.oneLine, line.withUnsafeBytes({ $0.holdsIgnoringCase(name, at: 0) }) else { return }
    lines += line
    lines.append(.newline)
  }

  /// The address in the first `Return-Path` of the message's header.
  static func returnPath(in head: UnsafeRawBufferPointer) -> [UInt8]? {
    let name: StaticString = "Return-Path:"
    var start = 0
    while let end = head.firstIndex(of: .newline, from: start), end > start, head[start] != UInt8(ascii: "\r") {
      if head.holdsIgnoringCase(name, at: start) {
        let line = ArraySlice(head.slice(start + name.utf8CodeUnitCount..<end))
        return address(in: line + continuation(in: head, after: end))
      }
      start = end + 1
    }
    return nil
  }

  /// What is between angle brackets, or all of it where there are none.
  private static func address(in text: ArraySlice<UInt8>) -> [UInt8] {
    guard let open = text.firstIndex(of: UInt8(ascii: "<")), let close = text.lastIndex(of: UInt8(ascii: ">")),
      open < close
    else { return Array(text.trimmed) }
    return Array(text[(open + 1)..<close].trimmed)
  }

  /// The rest of a header that goes on in the next lines, which begin with a blank.
  private static func continuation(in head: UnsafeRawBufferPointer, after newline: Int) -> ArraySlice<UInt8> {
    var end = newline
    while end + 1 < head.count, head[end + 1] == .space || head[end + 1] == UInt8(ascii: "\t") {
      end = head.firstIndex(of: .newline, from: end + 1) ?? head.count
    }
    return ArraySlice(head.slice(newline..<end))
  }
}

extension [UInt8] {
  /// The bytes as one line without its newline. A newline or another control character within comes from a sender's
  /// address, and would forge what follows it; qmail writes `_` in its place.
  fileprivate var oneLine: [UInt8] {
    let body = last == .newline ? dropLast() : self[...]
    return body.map { $0 < .space && $0 != UInt8(ascii: "\t") || $0 == 0x7F ? UInt8(ascii: "_") : $0 }
  }
}
