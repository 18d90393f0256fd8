internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// The one undo point of a delivery: how the mailbox was before it, and what has been added since.
struct AppendPlace {
  let before: FileStatus
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
    let (end, isBeyondNumbers) = before.size.addingReportingOverflow(record.length)
    return isBeyondNumbers ? .max : end
  }

  init(before: FileStatus, record: Record) { (self.before, self.record) = (before, record) }
}

extension HeldLock {
  /// Examines the open mailbox, and decides what it lacks before a message can follow.
  ///
  /// - Throws: `LockFailure`: `refused` for what is not an mbox, or would outgrow its limit.
  func place(for spool: borrowing Spool) throws(LockFailure) -> AppendPlace {
    let before = try attempt(location.path, "cannot examine") { () throws(Errno) in try file.descriptor.status() }
    let padding = try missingNewlines(before.size)
    let place = AppendPlace(before: before, record: spool.record(padding: padding))
    if let limit = policy.mailbox.sizeLimit, place.end > limit {
      throw LockFailure(
        .refused, location.path, "would grow to \(place.end) bytes, beyond its limit of \(limit) (mailbox.size-limit)")
    }
    return place
  }

  /// How many newlines the mailbox needs to end in a blank line. Without them the message is glued to what a crashed or
  /// careless writer left, and readers do not see it. A line of `\r\n` is not blank to them.
  private func missingNewlines(_ size: Int64) throws(LockFailure) -> Int {
    guard size > 0 else { return 0 }
    let head = try attempt(location.path, "cannot read") { () throws(Errno) in
      try file.descriptor.bytes(atMost: 5, from: 0)
    }
    guard head.elementsEqual("From ".utf8) else {
      throw LockFailure(.refused, location.path, "is not a mailbox: it does not begin with 'From '")
    }
    let tail = try attempt(location.path, "cannot read") { () throws(Errno) in
      try file.descriptor.bytes(atMost: 2, from: size - 2)
    }
    return 2 - tail.reversed().prefix { $0 == .newline }.count
  }
}
