internal import LockPolicy

/// Marks the lines of a message that would read as the start of another one, in constant memory however long a line is.
///
/// The `>` that mboxrd puts before a line of any number of `>` and then `From ` is put before the `From ` instead, which
/// gives the same bytes: so nothing has to be remembered of a line but whether it has been all `>` so far. A NUL ends
/// nothing: procmail stops looking there, and lets `a\0b\nFrom evil` through as a message of its own.
struct Framer {
  private enum Line {
    case start
    case angles
    case inside
  }

  private let marksMarked: Bool
  private var line = Line.start
  /// How many bytes of `From ` ended the last chunk; they are not passed on before the next bytes decide.
  private var held = 0

  init(_ quoting: Policy.Quoting) { marksMarked = quoting == .mboxrd }

  /// Passes on the next bytes of the message, marked.
  ///
  /// - Parameters:
  ///   - chunk: any part of the message, cut anywhere.
  ///   - emit: takes what is to be written, in few pieces.
  mutating func frame<Failure: Error>(
    _ chunk: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    guard try settleHeld(chunk, emit) else { return }
    var next = 0
    var done = 0
    while let start = nextF(in: chunk, from: &next) {
      let seen = min(5, chunk.count - start)
      guard chunk.holds("From ", length: seen, at: start) else { continue }
      if start > done { try emit(chunk.slice(done..<start)) }
      done = start
      if seen < 5 {
        held = seen
        return
      }
      try emit((">" as StaticString).bytes)
    }
    if done < chunk.count { try emit(chunk.slice(done..<chunk.count)) }
  }

  /// Ends the message: its last line, if it lacks the newline, and the blank line that ends every message of an mbox.
  ///
  /// The blank line is ours even if the message ends in one: a reader takes away exactly one, and `\r\n` is none.
  mutating func finish<Failure: Error>(emit: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    if held > 0 { try emit(("From" as StaticString).bytes.slice(0..<held)) }
    let ending: StaticString = line == .start ? "\n" : "\n\n"
    try emit(ending.bytes)
    self.line = .start
    held = 0
  }

  /// Decides about a `From ` that the chunks' border cut in two.
  ///
  /// - Returns: false when this chunk is part of it as well, and still does not decide.
  private mutating func settleHeld<Failure: Error>(
    _ chunk: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    guard held > 0 else { return true }
    let seen = min(5 - held, chunk.count)
    let rest = ("From " as StaticString).bytes.slice(held..<held + seen)
    let isMark = chunk.slice(0..<seen).isEqual(to: rest)
    if isMark && held + seen < 5 {
      held += seen
      return false
    }
    try emit((">From" as StaticString).bytes.slice(isMark ? 0..<1 + held : 1..<1 + held))
    held = 0
    return true
  }

  /// The index of the next `F` that is the first byte of its line, apart from `>` where those count.
  private mutating func nextF(in chunk: UnsafeRawBufferPointer, from next: inout Int) -> Int? {
    while next < chunk.count {
      if line == .inside {
        guard let newline = chunk.firstIndex(of: .newline, from: next) else { return nil }
        next = newline + 1
        line = .start
      } else if marksMarked && chunk[next] == UInt8(ascii: ">") {
        next += 1
        line = .angles
      } else {
        line = .inside
        if chunk[next] == UInt8(ascii: "F") { return next }
      }
    }
    return nil
  }
}
