internal import ArgumentParser
internal import FileLocking
internal import LockPolicy
internal import Mailbox
internal import PolicyFile
internal import SystemPackage

/// A file, and how it is to be locked.
struct LockSubject {
  let location: FileLocation
  private(set) var policy: Policy

  init(_ location: FileLocation, _ document: PolicyDocument, _ options: SettingOptions) throws {
    self.location = location
    policy = try document.resolution(for: location.path, overrides: options.overrides).policy
  }

  init(_ file: FilePath, _ options: SettingOptions) throws {
    try self.init(FileLocation(of: file), PolicyFile.load(options.policy), options)
  }

  /// The lock of a command that ends before the lock does: the lock file alone, since the kernel's locks end with us.
  func ofScript() throws -> LockSubject {
    guard policy.method.contains(.dotlock) else {
      throw Refusal(
        .configuration,
        "\(location.path): the method is \(policy.method), and of the methods only dotlock outlives the command")
    }
    var subject = self
    subject.policy.method = [.dotlock]
    // Nobody touches the lock but the script, so that it is left behind when it was not touched for `steal.after`.
    if let after = policy.steal.after, policy.lease.length.map({ $0 > after }) ?? true {
      subject.policy.lease.length = after
      subject.policy.lease.kill = min(policy.lease.kill, after / 2)
    }
    return subject
  }

  /// What can be seen of its lock.
  func report() throws -> LockReport { try report(in: LockDirectory(location.directory)) }

  func report(in place: borrowing LockDirectory) throws -> LockReport {
    try LockReport(LockInspection(location, policy: policy, in: place), MailboxInspection(location, in: place))
  }
}

/// Reads the name of a file; `Maildir/` cannot be one, and would lose its slash as a path.
func readFileName(_ text: String) throws -> FilePath {
  if text.isEmpty { throw ValidationError("the name of the file is empty") }
  if text != "/", text.hasSuffix("/") {
    throw ValidationError("\(text): ends in a slash, as only the name of a directory does")
  }
  return FilePath(text)
}
