/// Where in a message's header the `Status` lines are, which were its sender's or another mailbox's, and where its own go.
///
/// A sender who writes `Status: RO` must not make his message look read.
struct StatusHeader {
  /// The lines to leave out, in order: all up to the first blank line. Readers do not agree on where a header ends that has
  /// something in it that is none.
  private(set) var old: [Range<Int>] = []
  /// Where new lines belong: behind the last header that is known to be whole.
  private(set) var end = 0
  /// Whether there is such a place: a message that begins with a blank would go on with the new line, and so a sender
  /// could write flags into it.
  private(set) var hasPlace = true

  /// - Parameters:
  ///   - head: the message's beginning.
  ///   - isWhole: whether that is all of the message.
  init(_ head: UnsafeRawBufferPointer, isWhole: Bool) {
    while Self.isField(head, at: end), let next = Self.endOfField(head, from: end, isWhole: isWhole) { end = next }
    hasPlace = end == head.count || !Self.isContinuation(head[end])
    var start = 0
    while !Self.isBlank(head, at: start),
      let next = Self.endOfField(head, from: start, isWhole: isWhole) ?? (isWhole ? head.count : nil), next > start
    {
      if Self.isStatus(head, at: start) { old.append(start..<next) }
      start = next
    }
  }

  private static func isBlank(_ head: UnsafeRawBufferPointer, at start: Int) -> Bool {
    head.holds("\n", length: 1, at: start) || head.holds("\r\n", length: 2, at: start)
  }

  private static func isContinuation(_ byte: UInt8) -> Bool { byte == .space || byte == UInt8(ascii: "\t") }

  /// Whether the line at `start` begins a header field: visible characters up to a colon.
  private static func isField(_ head: UnsafeRawBufferPointer, at start: Int) -> Bool {
    var index = start
    while index < head.count, head[index] > .space, head[index] < 0x7F, head[index] != UInt8(ascii: ":") { index += 1 }
    return index > start && index < head.count && head[index] == UInt8(ascii: ":")
  }

  /// The end of the field and of the lines in which it goes on; `nil` where it is not ended, or not known to be.
  private static func endOfField(_ head: UnsafeRawBufferPointer, from start: Int, isWhole: Bool) -> Int? {
    var end = start
    repeat {
      guard let newline = head.firstIndex(of: .newline, from: end) else { return nil }
      end = newline + 1
    } while end < head.count && isContinuation(head[end])
    return end < head.count || isWhole ? end : nil
  }

  private static func isStatus(_ head: UnsafeRawBufferPointer, at start: Int) -> Bool {
    head.holdsIgnoringCase("Status:", at: start) || head.holdsIgnoringCase("X-Status:", at: start)
  }
}
