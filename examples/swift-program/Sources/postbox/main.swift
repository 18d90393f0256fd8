// What mboxappend(8), 'lockctl recover' and maildir2mbox(1) do, from a program of your own, by the site's policy:
//
//     postbox append MAILBOX <MESSAGE        all of the message, on disk, or nothing
//     postbox recover MAILBOX                takes back what a delivery has left that was killed
//     postbox move MAILDIR MAILBOX           every message, each exactly once
//
// The library starts no threads and handles no signals: a signal ends this program as any other, and the next user of
// the mailbox takes back what it has left.

import Glibc
import MailboxLocking
import SystemPackage

do {
  switch (CommandLine.arguments.dropFirst().first, CommandLine.arguments.dropFirst(2).map { FilePath($0) }) {
  case ("append", let paths) where paths.count == 1: try append(to: paths[0])
  case ("recover", let paths) where paths.count == 1: try recover(paths[0])
  case ("move", let paths) where paths.count == 2: try move(paths[0], to: paths[1])
  default:
    print("usage: postbox append|recover MAILBOX, postbox move MAILDIR MAILBOX")
    exit(64)
  }
} catch let failure as LockFailure where failure.kind == .busy {
  print("postbox: try again later: \(failure)")
  exit(75)
} catch {
  print("postbox: \(error)")
  exit(75)
}

/// What the policy says for this very mailbox.
func policy(for mailbox: FilePath) throws -> Policy { try PolicyFile.load().resolved(for: mailbox) }

func append(to mailbox: FilePath) throws {
  let message = try readToEnd(.standardInput)
  // The sender, as the mail system tells it.
  let envelope = Envelope { name in getenv(name).map { Array(String(cString: $0).utf8) } }
  try deliver(message, to: mailbox, from: envelope, policy: policy(for: mailbox))
}

func recover(_ mailbox: FilePath) throws {
  // Every delivery does this first; it is only called by itself for a mailbox that gets no mail.
  let recovery = try withLock(on: mailbox, policy: policy(for: mailbox)) { lease in try lease.recover() }
  print("\(try FileLocation(of: mailbox).journal) \(recovery)")
}

func move(_ maildir: FilePath, to mailbox: FilePath) throws {
  let left = try moveMaildir(maildir, to: mailbox, policy: policy(for: mailbox))
  for failure in left { print("postbox: \(failure)") }
  // The others have been moved.
  if !left.isEmpty { exit(75) }
}

/// A message is read before its mailbox is locked: it may come slowly.
func readToEnd(_ file: FileDescriptor) throws -> [UInt8] {
  var bytes: [UInt8] = []
  while true {
    let more = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    if more.isEmpty { return bytes }
    bytes += more
  }
}
