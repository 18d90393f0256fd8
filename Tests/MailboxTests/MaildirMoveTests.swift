import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

@Suite struct MaildirMoveTests {
  @Test("Every message comes once, in order, as mail of its own time and sender", arguments: Policy.everyMethodList)
  func move(method: MethodList) throws {
    let place = try MaildirPlace()
    try place.place.write("From a\n\nold")
    try place.add("new/2", "Return-Path: <bob@example.org>\nSubject: 2\nStatus: RO\n\nFrom here", age: 20)
    try place.add("cur/1:2,FS", "Subject: 1\n\nbody\n", age: 30)
    let progress = try place.move(.with(method))
    let dates = [place.now - 30, place.now - 20].map { String(decoding: PostmarkDate.text($0), as: UTF8.self) }
    #expect(
      try place.place.text() == """
        From a

        old

        From MAILER-DAEMON \(dates[0])
        Subject: 1
        Status: RO
        X-Status: F

        body

        From bob@example.org \(dates[1])
        Return-Path: <bob@example.org>
        Subject: 2

        >From here


        """)
    #expect(try place.left() == [])
    #expect(progress.moved == 2 && progress.total == 2 && progress.movedBytes == progress.totalBytes)
    #expect(place.place.names == ["Mailbox", "Maildir"])
  }

  @Test("A From_ line in a message is its sender's forgery") func forgedFromLine() throws {
    let place = try MaildirPlace()
    try place.add("new/1", "From evil Mon Jan 02 03:04:05 2006\nSubject: 1\n\n", age: 20)
    try place.move()
    let date = String(decoding: PostmarkDate.text(place.now - 20), as: UTF8.self)
    #expect(
      try place.place.text()
        == "From MAILER-DAEMON \(date)\n>From evil Mon Jan 02 03:04:05 2006\nSubject: 1\n\n\n")
  }

  @Test("The public way, with what had to stay") func publicInterface() throws {
    let place = try MaildirPlace()
    try place.add("new/1", "Subject: 1\n\n", age: 30)
    try Directory(place.maildir).makeDirectory("new/2", mode: 0o700)
    try place.age("new/2", 25)
    let left = try moveMaildir(place.maildir, to: place.place.mailbox, policy: Policy())
    #expect(left.map(\.path) == [place.maildir.appending("new/2")])
    #expect(try place.subjects() == ["1"])
  }

  @Test("An empty maildir leaves everything alone") func empty() throws {
    let place = try MaildirPlace()
    let progress = try place.move()
    #expect(progress.total == 0 && progress.moved == 0)
    #expect(place.place.names == ["Maildir"])
  }

  @Test("A copy leaves the messages, and comes once") func copy() throws {
    let place = try MaildirPlace()
    for number in 1...3 { try place.add("new/\(number)", "Subject: \(number)\n\n", age: 20) }
    try place.move(isCopy: true)
    #expect(try place.subjects() == ["1", "2", "3"])
    #expect(try place.left() == ["new/1", "new/2", "new/3"])
  }

  @Test("More than fits in a batch") func batches() throws {
    let place = try MaildirPlace()
    let count = 2 * MaildirBatch.countLimit + 1
    for number in 1...count { try place.add("new/\(number)", "Subject: \(number)\n\n", age: Int64(count + 1 - number)) }
    var seen: [Int] = []
    try place.move { (event) throws(LockFailure) in
      if case .progress(let progress) = event { seen.append(progress.moved) }
    }
    #expect(seen == [MaildirBatch.countLimit, 2 * MaildirBatch.countLimit, count])
    #expect(try place.subjects() == (1...count).map(String.init))
    #expect(try place.left() == [])
  }

  @Test("Messages of every size around the limits") func sizes() throws {
    let place = try MaildirPlace()
    let piece = Int(MaildirBatch.pieceLimit)
    let sizes = [1, piece - 20, piece, piece + 1, 1, 5 << 20, 1, piece, piece, piece, 2 * piece]
    var expected: [UInt8] = []
    for (number, size) in sizes.enumerated() {
      let text = "S: \(number)\n\n" + String(decoding: [UInt8](longLine, filling: size), as: UTF8.self)
      try place.add("cur/\(number):2,S", text, age: Int64(100 - number))
      let date = String(decoding: PostmarkDate.text(place.now - Int64(100 - number)), as: UTF8.self)
      expected +=
        "From MAILER-DAEMON \(date)\nS: \(number)\nStatus: RO\n\n\(text.dropFirst("S: \(number)\n\n".count))\n".utf8
    }
    try place.move()
    #expect(try place.place.bytes() == expected)
    #expect(place.place.names == ["Mailbox", "Maildir"])
  }

  @Test("What cannot be read stays, and the others are moved") func unreadable() throws {
    let place = try MaildirPlace()
    try place.add("new/1", "Subject: 1\n\n", age: 30)
    try Directory(place.maildir).makeDirectory("new/2", mode: 0o700)
    try place.age("new/2", 25)
    try place.add("new/3", "Subject: 3\n\n", age: 20)
    var left: [FilePath] = []
    let progress = try place.move { (event) throws(LockFailure) in
      if case .left(let failure) = event { left.append(failure.path) }
    }
    #expect(try place.subjects() == ["1", "3"])
    #expect(progress.left == 1 && left == [place.maildir.appending("new/2")])
    #expect(try place.left() == ["new/2"])
  }

  @Test("A symbolic link to somebody's file is not followed") func symbolicLink() throws {
    let place = try MaildirPlace()
    try place.add("tmp/1", age: 20)
    #expect(symlink("../tmp/1", place.maildir.appending("new/1").string) == 0)
    let maildir = try Maildir(place.maildir)
    var batch = MaildirBatch(directories: [], mailbox: "Mailbox")
    var input = ByteBuffer(capacity: 4096)
    for message in try maildir.messages(before: place.now + 100) {
      try batch.add(message, of: maildir, quoting: .mboxrd, input: &input) { () throws(LockFailure) in }
    }
    let left = batch.list.left.map(\.path)
    let isEmpty = batch.list.messages.isEmpty
    #expect(left == [place.maildir.appending("new/1")])
    #expect(isEmpty)
  }
}

// MARK: - What others do meanwhile

@Suite struct MaildirMeanwhileTests {
  /// The first time that the mailbox's lock is waited for.
  private func duringWait(_ place: borrowing MaildirPlace, _ work: () throws -> Void) throws -> MaildirProgress {
    let other = try Directory(place.place.directory).open("Mailbox", [.readWrite, .create], mode: 0o600)
    let isLocked = try other.tryRecordLock()
    try #require(isLocked)
    var isWaiting = false
    return try place.move(.with([.fcntl])) { (event) throws(LockFailure) in
      guard case .occasion(.wait, let path) = event, path.lastComponent == "Mailbox", !isWaiting else { return }
      isWaiting = true
      do {
        try work()
        try other.releaseRecordLock()
      } catch {
        throw LockFailure(.refused, "", "\(error)")
      }
    }
  }

  @Test("A reader changes flags and deletes while the mailbox is waited for") func changes() throws {
    let place = try MaildirPlace()
    for number in 1...4 { try place.add("new/\(number)", "Subject: \(number)\n\n", age: Int64(50 - number)) }
    let progress = try duringWait(place) {
      try place.rename("new/2", to: "cur/2:2,S")
      try Directory(place.maildir).unlink("new/3")
    }
    #expect(progress.moved == 3)
    // What was renamed is found in a second look.
    #expect(try place.subjects() == ["1", "4", "2"])
    #expect(try place.place.text().hasSuffix("Subject: 2\nStatus: RO\n\n\n"))
    #expect(try place.left() == [])
  }

  @Test("A copy of renamed messages comes once, too") func renamedCopy() throws {
    let place = try MaildirPlace()
    for number in 1...3 { try place.add("new/\(number)", "Subject: \(number)\n\n", age: Int64(50 - number)) }
    var isFirst = true
    try place.move(isCopy: true) { (event) throws(LockFailure) in
      guard case .checkpoint = event, isFirst else { return }
      isFirst = false
      try? place.rename("new/1", to: "cur/1:2,F")
    }
    #expect(try place.subjects() == ["2", "3", "1"])
    #expect(try place.left() == ["new/2", "new/3", "cur/1:2,F"])
  }

  @Test("A message that vanishes is nobody's loss") func vanished() throws {
    let place = try MaildirPlace()
    try place.add("new/1", age: 50)
    var isFirst = true
    let progress = try place.move { (event) throws(LockFailure) in
      guard case .checkpoint = event, isFirst else { return }
      isFirst = false
      try? Directory(place.maildir).unlink("new/1")
    }
    #expect(progress.moved == 0 && progress.left == 0)
    #expect(place.place.names == ["Maildir"])
  }

  @Test("A run that is stopped in the middle leaves every message where it was") func stopped() throws {
    let place = try MaildirPlace()
    for number in 1...5 { try place.add("new/\(number)", "Subject: \(number)\n\n", age: Int64(50 - number)) }
    try place.place.write("From a\n\nold\n\n")
    try place.place.age(accessed: 1000, modified: 2000)
    let before = try place.place.fingerprint()
    for moment in 1...6 {
      var count = 0
      let failure = #expect(throws: LockFailure.self) {
        try place.move { (event) throws(LockFailure) in
          guard case .checkpoint = event else { return }
          count += 1
          if count == moment { throw LockFailure(.interrupted(signal: 15), "x", "stopped") }
        }
      }
      #expect(failure?.kind == .interrupted(signal: 15))
      #expect(try place.place.fingerprint() == before)
      #expect(try place.left() == (1...5).map { "new/\($0)" })
    }
    try place.move()
    #expect(try place.subjects() == ["1", "2", "3", "4", "5"])
  }

  @Test("Two runs into two mailboxes: the second one waits, and moves nothing twice") func twoRuns() throws {
    let place = try MaildirPlace()
    try place.add("new/1", "Subject: 1\n\n", age: 50)
    let maildir = try Maildir(place.maildir)
    var policy = Policy()
    policy.wait.timeout = .milliseconds(20)
    var lock: MaildirLock? = try MaildirLock(maildir, policy) { (_) throws(LockFailure) in }
    let failure = #expect(throws: LockFailure.self) { try place.move(policy) }
    #expect(failure?.kind == .busy)
    #expect(place.place.names == ["Maildir"])
    lock = nil
    _ = consume lock
    try place.move(policy)
    #expect(try place.subjects() == ["1"])
  }

  @Test("A lock file that was stolen does not let a second run in on the same host") func stolenLock() throws {
    let place = try MaildirPlace()
    try place.add("new/1", "Subject: 1\n\n", age: 50)
    let maildir = try Maildir(place.maildir)
    let first = try MaildirLock(maildir, Policy()) { (_) throws(LockFailure) in }
    try Directory(place.maildir).unlink("maildir2mbox.lock")
    let failure = #expect(throws: LockFailure.self) { try place.move() }
    #expect(failure?.kind == .busy)
    first.release()
    try place.move()
    #expect(try place.subjects() == ["1"])
  }
}
