// A program of your own that takes the same locks by the same policy as dotlock(8) and mboxappend(8): it delivers two
// messages to a mailbox, one in each of the two ways, and then counts the messages while nobody else can add any.
//
//     guarded MAILBOX

import Glibc
import MailboxLocking
import SystemPackage

guard CommandLine.arguments.count == 2 else {
  print("usage: guarded MAILBOX")
  exit(64)
}
let mailbox = FilePath(CommandLine.arguments[1])

do {
  // The site's /etc/dotlock.yaml, if there is one; what it says for this very mailbox.
  let policy = try PolicyFile.load().resolved(for: mailbox)

  // Delivery in one call: made ready, locked, appended, on disk.
  let greeting = Array("Subject: one call\n\nFrom a Swift program, with love.\n".utf8)
  try deliver(greeting, to: mailbox, from: Envelope(sender: "guarded@example.org"), policy: policy)

  // Or anything else, under the lock.
  let count = try withLock(on: mailbox, policy: policy) { lease in
    try lease.append(Array("Subject: under a lock\n\nStill mine.\n".utf8))

    let messages = try countMessages(in: mailbox)
    // Work that took long proves its lock before it acts on what it saw. It throws if somebody was let in meanwhile.
    try lease.prove()
    if let remaining = lease.remaining { print("\(remaining.components.seconds) s of the lease are left") }
    return messages
  }
  print("\(count) messages in \(mailbox)")
} catch {
  print("guarded: \(error)")
  exit(75)
}

/// The number of lines that begin with `From ` as they do only between messages.
func countMessages(in mailbox: FilePath) throws -> Int {
  let file = try FileDescriptor.open(mailbox, .readOnly)
  return try file.closeAfter {
    var text: [UInt8] = []
    let size = Int(try file.seek(offset: 0, from: .end))
    text = try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = try file.read(fromAbsoluteOffset: 0, into: UnsafeMutableRawBufferPointer(buffer))
    }
    return text.split(separator: UInt8(ascii: "\n")).count { $0.starts(with: Array("From ".utf8)) }
  }
}
