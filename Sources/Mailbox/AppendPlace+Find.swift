internal import Posix
internal import SystemPackage

/// What of a record is at the end of a mailbox, where it was to be appended.
enum Finding {
  case nothing
  /// Its beginning, of that length, and nothing else.
  case part(Int64)
  /// The same, or the length of all of it, but with zeros: what a power cut leaves.
  case hollow(Int64)
  case whole(Int64)
  /// All of it, and what another program wrote behind it.
  case wholeAndMore
  /// What is not proven to be ours.
  case other
}

extension AppendPlace {
  /// Looks for the record. A program that does not take the lock may have delivered behind it, or cut the mailbox.
  func find(in file: borrowing Descriptor, _ spool: borrowing Spool) throws(Errno) -> Finding {
    let added = try file.status().size - before.length
    guard added >= 0, try before.isIn(file) else { return .other }
    let likeness = try compare(file, spool, length: min(added, record.length))
    if likeness == .none || likeness == .withHoles && added > record.length { return .other }
    if likeness == .withHoles { return .hollow(added) }
    if added == 0 { return .nothing }
    if added < record.length { return .part(added) }
    return added == record.length ? .whole(added) : .wholeAndMore
  }

  /// Compares the mailbox's bytes from the old end on with the first `length` bytes of the record.
  private func compare(
    _ file: borrowing Descriptor, _ spool: borrowing Spool, length: Int64
  ) throws(Errno) -> Likeness {
    let portion = 1 << 16
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * portion, alignment: 16)
    defer { memory.deallocate() }
    var (offset, likeness) = (Int64(0), Likeness.exact)
    while offset < length {
      let wanted = Int(min(Int64(portion), length - offset))
      let theirs = UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted])
      let count = try file.read(into: theirs, at: before.length + offset)
      let scratch = UnsafeMutableRawBufferPointer(rebasing: memory[portion..<portion + count])
      let ours = try spool.piece(of: record, from: offset, scratch: scratch)
      guard count > 0, ours.count >= count else { return .none }
      likeness = max(
        likeness, Likeness(of: UnsafeRawBufferPointer(theirs).slice(0..<count), to: ours.slice(0..<count)))
      if likeness == .none { return .none }
      offset += Int64(count)
    }
    return likeness
  }
}

/// How much bytes of a mailbox are like those that were to be appended.
private enum Likeness: Comparable {
  case exact
  /// But for zeros: a power cut may leave the length of a file without all that was written there. Zeros are nobody's
  /// mail, so what is cut off is our own.
  case withHoles
  case none

  init(of bytes: UnsafeRawBufferPointer, to ours: UnsafeRawBufferPointer) {
    if bytes.isEqual(to: ours) {
      self = .exact
    } else {
      self = bytes.indices.allSatisfy { bytes[$0] == 0 || bytes[$0] == ours[$0] } ? .withHoles : .none
    }
  }
}
