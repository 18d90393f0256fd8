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
    defer { line = line(at: chunk.count, in: chunk) }
    var next = 0
    var done = 0
    while let start = chunk.firstIndexOfFr(from: next) {
      next = start + 1
      let seen = min(5, chunk.count - start)
      guard chunk.holds("From ", length: seen, at: start), line(at: start, in: chunk) != .inside else { continue }
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

  /// Whether `index` is where a line begins, apart from `>` where those count. Whoever goes through a chunk asks this where
  /// he finds an `F`, which is rarer than lines are.
  private func line(at index: Int, in chunk: UnsafeRawBufferPointer) -> Line {
    var start = index
    while marksMarked, start > 0, chunk[start - 1] == UInt8(ascii: ">") { start -= 1 }
    if start > 0 && chunk[start - 1] != .newline { return .inside }
    let before = start > 0 ? .start : line
    return start < index && before != .inside ? .angles : before
  }
}
