internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// The lock on a whole maildir: two runs into two mailboxes must not both move a message.
///
/// It is a lock file `maildir2mbox.lock` in the maildir, which works everywhere and is waited for, and flock(2) on the
/// maildir's directory, which nobody can steal from a process that was paused; over NFS it only works within one host.
/// (No name with a dot in front: where a maildir has folders, those are theirs.)
struct MaildirLock: ~Copyable {
  // In the order in which they are let go: who gets the lock file next finds the directory free.
  private let directory: Descriptor
  private var file: HeldLock

  /// - Parameter policy: the mailbox's. What must be the same for everybody who moves from this maildir is fixed here.
  init(
    _ maildir: borrowing Maildir, _ policy: Policy, canQueue: Bool = false,
    _ attend: (MaildirEvent) throws(LockFailure) -> Void
  ) throws(LockFailure) {
    var policy = policy
    policy.method = [.dotlock]
    policy.dotlock.suffix = ".lock"
    // The mailbox is waited for meanwhile; see refresh().
    policy.lease.length = policy.lease.length.flatMap { length in policy.wait.timeout.map { length + $0 } }
    let path = maildir.root.path
    let location = try FileLocation(of: path.entry("maildir2mbox"))
    guard !location.isBehindSymlink else { throw LockFailure(.refused, location.path, "is a symbolic link") }
    let file = try HeldLock.acquire(
      on: location, policy: policy, holder: .writer, inherited: [], canQueue: canQueue,
      attend: { (occasion) throws(LockFailure) in try attend(.occasion(occasion, location.path)) })
    let directory = try attempt(path, "cannot open the maildir") { () throws(Errno) in
      try maildir.root.open(".", [.readOnly, .directory])
    }
    // Not every file system has flock(2), and the lock file is enough as long as it is not stolen.
    if (try? directory.tryFlock()) == false {
      throw LockFailure(.busy, path, "is being moved by another process, whose lock file was stolen")
    }
    self.file = file
    self.directory = directory
  }

  mutating func prove() throws(LockFailure) { try file.prove() }

  /// Whoever waits for the mailbox does this at each try, and once more when he has it, so that the maildir is not taken
  /// from him; it fails if it was.
  mutating func refresh() throws(LockFailure) { try file.refresh() }

  /// Makes what was done in the maildir itself durable.
  func synchronizeDirectory() throws(LockFailure) { try file.synchronizeDirectory() }

  consuming func release() {
    try? directory.close()
    try? file.release()
  }
}
