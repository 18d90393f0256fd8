internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

// A message that is kept in a file is written once where the file system can give the mailbox the same blocks.
extension HeldLock {
  /// So much at once, between two proofs of the lock.
  private static let portion: Int64 = 64 << 20

  /// Not where a late writer would still have the mailbox: what he writes comes to stand behind what is there, but the
  /// blocks that he shares would be in its place.
  var canShare: Bool { isLocal && (policy.steal.fence == .replace || !policy.method.contains(.dotlock)) }

  /// Gives the mailbox blocks of the kept message, where the file system can, and as far as it can: the rest is to be
  /// written.
  mutating func share(
    _ spool: borrowing Spool, upTo end: Int64, at place: inout AppendPlace, _ checkpoint: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    // Not the file as it is open: what that is given comes to stand at its end only by write(2).
    guard let mailbox = try? directory.open(location.name, [.readWrite, .noFollow, .unsuspecting]) else { return }
    while place.written < end {
      try checkpoint()
      try prove()
      // A program that does not take the lock may have written: what is written behind that shows, and ends in a failure.
      guard try ends(mailbox, at: place) else { return }
      let blocks = place.written..<min(place.written + Self.portion, end)
      place.isTouched = true
      do throws(Errno) {
        try spool.share(blocks, of: place.record, with: mailbox, at: place.before.length + blocks.lowerBound)
      } catch {
        // Behind a part of them nothing can be written.
        guard try ends(file.descriptor, at: place) else { throw LockFailure(error, location.path, "cannot write") }
        return
      }
      place.written = blocks.upperBound
      place.isInPieces = true
    }
  }

  /// Whether that is the mailbox, and it ends with what was written so far.
  private func ends(_ mailbox: borrowing Descriptor, at place: AppendPlace) throws(LockFailure) -> Bool {
    let status = try attempt(location.path, "cannot examine") { () throws(Errno) in try mailbox.status() }
    return status.isSameFile(as: file.before) && status.size == place.before.length + place.written
  }
}
