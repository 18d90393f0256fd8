internal import Posix
internal import SystemPackage

/// What of a record is at the end of a mailbox, where it was to be appended.
enum Finding {
  case nothing
  /// Its beginning, of that length, and nothing else.
  case part(Int64)
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
    guard try isRecord(in: file, spool, length: min(added, record.length)) else { return .other }
    if added == 0 { return .nothing }
    if added < record.length { return .part(added) }
    return added == record.length ? .whole(added) : .wholeAndMore
  }

  /// Whether the mailbox's bytes from the old end on are the first `length` bytes of the record.
  private func isRecord(
    in file: borrowing Descriptor, _ spool: borrowing Spool, length: Int64
  ) throws(Errno) -> Bool {
    let portion = 1 << 16
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * portion, alignment: 16)
    defer { memory.deallocate() }
    var offset: Int64 = 0
    while offset < length {
      let wanted = Int(min(Int64(portion), length - offset))
      let theirs = UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted])
      let count = try file.read(into: theirs, at: before.length + offset)
      let scratch = UnsafeMutableRawBufferPointer(rebasing: memory[portion..<portion + count])
      let ours = try spool.piece(of: record, from: offset, scratch: scratch)
      guard count > 0, ours.count >= count,
        UnsafeRawBufferPointer(theirs).slice(0..<count).isEqual(to: ours.slice(0..<count))
      else { return false }
      offset += Int64(count)
    }
    return true
  }
}
