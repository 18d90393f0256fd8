import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage

@testable import Mailbox

/// A maildir of a test's own, beside a mailbox.
struct MaildirPlace: ~Copyable {
  let place = Workplace()
  /// The moment from which ages are counted, in seconds since 1970.
  let now = RealTime.seconds

  init() throws {
    let directory = try Directory(place.directory)
    for name in ["Maildir", "Maildir/new", "Maildir/cur", "Maildir/tmp"] {
      try directory.makeDirectory(FilePath(name), mode: 0o700)
    }
  }

  var maildir: FilePath { place.directory.appending("Maildir") }

  /// Adds a message that was delivered some seconds ago.
  func add(_ name: String, _ text: String = "Subject: x\n\nbody\n", age: Int64, accessed: Int64? = nil) throws {
    let file = try Directory(maildir).open(FilePath(name), [.writeOnly, .create], mode: 0o600)
    try file.writeAll(Array(text.utf8))
    try setTimes(file, age: age, accessed: accessed ?? age)
  }

  func age(_ name: String, _ age: Int64) throws {
    try setTimes(Directory(maildir).open(FilePath(name), .readOnly), age: age, accessed: age)
  }

  private func setTimes(_ file: borrowing Descriptor, age: Int64, accessed: Int64) throws {
    try file.setTimes(
      accessed: FileTime(nanoseconds: (now - accessed) * 1_000_000_000),
      modified: FileTime(nanoseconds: (now - age) * 1_000_000_000))
  }

  func rename(_ name: String, to new: String) throws {
    try Directory(maildir).rename(FilePath(name), to: FilePath(new))
  }

  func names(_ part: String) throws -> [String] {
    try Directory(maildir.appending(part)).names().map(\.string).sorted()
  }

  /// Everything that is left in the maildir.
  func left() throws -> [String] {
    try ["", "new", "cur", "tmp"].flatMap { part in
      try names(part).filter { !["new", "cur", "tmp"].contains($0) }.map { part.isEmpty ? $0 : "\(part)/\($0)" }
    }
  }

  /// Moves the messages, doing what a test wants at the given moments.
  @discardableResult
  func move(
    _ policy: Policy = Policy(), isCopy: Bool = false,
    _ attend: (MaildirEvent) throws(LockFailure) -> Void = { (_) throws(LockFailure) in }
  ) throws -> MaildirProgress {
    var move = try MaildirMove(
      maildir, to: FileLocation(of: place.mailbox), policy: policy, directories: [place.directory], isCopy: isCopy)
    try move.run { (event) throws(LockFailure) in
      if case .occasion(.wait(_, let time), _) = event { sleepThrough(min(time, .milliseconds(5))) }
      try attend(event)
    }
    return move.progress
  }

  /// The subjects in the mailbox, in order.
  func subjects() throws -> [String] {
    try place.text().split(separator: "\n").filter { $0.hasPrefix("Subject: ") }.map { String($0.dropFirst(9)) }
  }
}
