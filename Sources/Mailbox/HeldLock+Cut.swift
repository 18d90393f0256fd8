internal import FileLocking
internal import LockPolicy
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

// The one undo point: a delivery that fails, and whoever finds the journal of one that was killed, take back the same
// bytes by the same rules.
extension HeldLock {
  /// Looks for a record. A program that does not take the lock may have delivered behind it, or cut the mailbox.
  func find(_ place: AppendPlace, _ spool: borrowing Spool) throws(LockFailure) -> Finding {
    try attempt(location.path, "cannot read") { () throws(Errno) in
      let added = try file.descriptor.status().size - place.before.length
      guard added >= 0, try place.before.isIn(file.descriptor) else { return .other }
      let likeness = try compare(place, spool, length: min(added, place.record.length))
      if likeness == .none || likeness == .withHoles && added > place.record.length { return .other }
      if likeness == .withHoles { return .hollow(added) }
      if added == 0 { return .nothing }
      if added < place.record.length { return .part(added) }
      return added == place.record.length ? .whole(added) : .wholeAndMore
    }
  }

  /// Cuts the mailbox back to what it was.
  mutating func cut(_ place: AppendPlace) throws(LockFailure) {
    // Once more: reading back may have taken long.
    try prove()
    try attempt(location.path, "cannot cut off the partial message") { () throws(Errno) in
      try file.descriptor.truncate(to: place.before.length)
      // Only the owner and root may; nothing else depends on it.
      try? file.descriptor.setTimes(accessed: place.before.accessed, modified: place.before.modified)
      if policy.mailbox.sync { try file.descriptor.synchronize() }
    }
  }

  /// Compares the mailbox's bytes from the old end on with the first `length` bytes of the record.
  private func compare(_ place: AppendPlace, _ spool: borrowing Spool, length: Int64) throws(Errno) -> Likeness {
    let portion = 1 << 16
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * portion, alignment: 16)
    defer { memory.deallocate() }
    var (offset, likeness) = (Int64(0), Likeness.exact)
    while offset < length {
      let wanted = Int(min(Int64(portion), length - offset))
      let theirs = UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted])
      let count = try file.descriptor.read(into: theirs, at: place.before.length + offset)
      let scratch = UnsafeMutableRawBufferPointer(rebasing: memory[portion..<portion + count])
      let ours = try spool.piece(of: place.record, from: offset, scratch: scratch)
      guard count > 0, ours.count >= count else { return .none }
      likeness = max(
        likeness, Likeness(of: UnsafeRawBufferPointer(theirs).slice(0..<count), to: ours.slice(0..<count)))
      if likeness == .none { return .none }
      offset += Int64(count)
    }
    return likeness
  }

  /// Removes a mailbox that this lock made and in which nothing has come to stand.
  mutating func removeIfCreated() {
    guard madeFile, (try? file.descriptor.status().size) == 0, (try? prove()) != nil else { return }
    try? removeFileIfUnused()
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
