internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

extension HeldLock {
  /// Takes back what a failed delivery has written, if the lock is proven ours and the bytes are.
  ///
  /// - Returns: the failure to report; it says so if something had to stay.
  mutating func undo(
    _ place: AppendPlace, _ spool: borrowing Spool, after failure: LockFailure
  ) -> LockFailure {
    guard place.isTouched else {
      restoreAccessTime(place.before)
      removeIfCreated()
      return failure
    }
    do throws(LockFailure) {
      try cut(place, spool)
      removeIfCreated()
      return failure
    } catch {
      let reason = error.what == failure.what ? "" : ": \(error.what)"
      return LockFailure(failure.kind, failure.path, "\(failure.what); what was written so far stays\(reason)")
    }
  }

  /// Never cuts a byte that is not proven to be ours: a program that does not take the lock may have delivered behind
  /// our message, or replaced the mailbox.
  private mutating func cut(_ place: AppendPlace, _ spool: borrowing Spool) throws(LockFailure) {
    try prove()
    guard try pathLeadsToFile() else { throw LockFailure(.lost, location.path, "was replaced meanwhile") }
    let size = try attempt(location.path, "cannot examine") { () throws(Errno) in try file.descriptor.status().size }
    let added = size - place.before.size
    let isOurs = try attempt(location.path, "cannot read") { () throws(Errno) in
      (0...place.record.length).contains(added) ? try isRecord(place, spool, length: added) : false
    }
    guard isOurs else { throw LockFailure(.lost, location.path, "another program has written to it meanwhile") }
    // Once more: reading back may have taken long.
    try prove()
    try attempt(location.path, "cannot cut off the partial message") { () throws(Errno) in
      try file.descriptor.truncate(to: place.before.size)
      // Only the owner and root may; nothing else depends on it.
      try? file.descriptor.setTimes(accessed: place.before.accessed, modified: place.before.modified)
      if policy.mailbox.sync { try file.descriptor.synchronize() }
    }
  }

  /// Whether the mailbox's bytes from the old end on are the first `length` bytes of the record.
  private func isRecord(
    _ place: AppendPlace, _ spool: borrowing Spool, length: Int64
  ) throws(Errno) -> Bool {
    let portion = 1 << 16
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * portion, alignment: 16)
    defer { memory.deallocate() }
    var offset: Int64 = 0
    while offset < length {
      let wanted = Int(min(Int64(portion), length - offset))
      let theirs = UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted])
      let count = try file.descriptor.read(into: theirs, at: place.before.size + offset)
      let scratch = UnsafeMutableRawBufferPointer(rebasing: memory[portion..<portion + count])
      let ours = try spool.piece(of: place.record, from: offset, scratch: scratch)
      guard count > 0, ours.count >= count,
        UnsafeRawBufferPointer(theirs).slice(0..<count).isEqual(to: ours.slice(0..<count))
      else { return false }
      offset += Int64(count)
    }
    return true
  }

  /// Removes a mailbox that this delivery made and in which nothing has come to stand.
  mutating func removeIfCreated() {
    guard file.wasCreated, (try? file.descriptor.status().size) == 0, (try? prove()) != nil else { return }
    try? removeFileIfUnused()
  }
}
