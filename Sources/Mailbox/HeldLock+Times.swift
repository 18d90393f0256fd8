internal import FileLocking
internal import Posix
internal import SystemPackage

// Programs that announce new mail compare the mailbox's times: there is some when it was written after it was read.
// What follows is for them only; where the times may not be set, nothing else fails.
extension HeldLock {
  /// Lets the mailbox count as unread: a file that was made and written within one tick of the clock would not, nor
  /// would one whose end was read on a server that notes it in spite of O_NOATIME.
  func showAsNew(_ now: FileStatus, since place: AppendPlace) {
    let justBefore = FileTime(nanoseconds: now.modified.nanoseconds &- 1_000_000_000)
    let accessed = place.before.accessed < now.modified ? place.before.accessed : justBefore
    if now.accessed != accessed { try? file.descriptor.setAccessed(accessed) }
  }

  /// Takes back what our own reading did to the access time.
  func restoreAccessTime(_ accessed: FileTime) {
    guard let now = try? file.descriptor.status(), now.accessed != accessed else { return }
    try? file.descriptor.setAccessed(accessed)
  }
}
