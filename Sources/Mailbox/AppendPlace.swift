internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// Where a record is appended: how the mailbox was before it, and what has been added since.
struct AppendPlace {
  let before: OldEnd
  let record: Record
  /// How much of the record is in the mailbox for certain.
  var written: Int64 = 0
  /// Whether a write was begun, which may have left something even if it failed.
  var isTouched = false
  /// Whether the record went out in several writes, between which a program without the lock may have written.
  var isInPieces = false

  /// Where the mailbox ends once the whole record is in it. A mailbox of holes may be as large as numbers are, and a
  /// sum that traps would leave the lock behind.
  var end: Int64 {
    let (end, isBeyondNumbers) = before.length.addingReportingOverflow(record.length)
    return isBeyondNumbers ? .max : end
  }

  init(before: OldEnd, record: Record) { (self.before, self.record) = (before, record) }
}

extension HeldLock {
  /// Examines the open mailbox, and decides what it lacks before a message can follow.
  ///
  /// - Throws: `LockFailure`: `refused` for what is not an mbox, or would outgrow its limit.
  func place(for spool: borrowing Spool) throws(LockFailure) -> AppendPlace {
    let status = try attempt(location.path, "cannot examine") { () throws(Errno) in try file.descriptor.status() }
    do throws(LockFailure) {
      return try place(for: spool, in: status)
    } catch {
      restoreAccessTime(status.accessed)
      throw error
    }
  }

  private func place(for spool: borrowing Spool, in status: FileStatus) throws(LockFailure) -> AppendPlace {
    if status.size > 0 { try refuseStranger() }
    let before = try attempt(location.path, "cannot read") { () throws(Errno) in
      try OldEnd(of: file.descriptor, status)
    }
    let place = AppendPlace(before: before, record: spool.record(padding: before.missingNewlines))
    if let limit = policy.mailbox.sizeLimit, place.end > limit {
      throw LockFailure(
        .refused, location.path, "would grow to \(place.end) bytes, beyond its limit of \(limit) (mailbox.size-limit)")
    }
    return place
  }

  private func refuseStranger() throws(LockFailure) {
    let head = try attempt(location.path, "cannot read") { () throws(Errno) in
      try file.descriptor.bytes(atMost: 5, from: 0)
    }
    guard head.elementsEqual("From ".utf8) else {
      throw LockFailure(.refused, location.path, "is not a mailbox: it does not begin with 'From '")
    }
  }
}
