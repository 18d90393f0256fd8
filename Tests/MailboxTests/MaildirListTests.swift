import FileLocking
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

@Suite struct MaildirListTests {
  @Test("A list is read as it was written") func roundTrip() throws {
    let place = try MaildirPlace()
    for name in ["new/1.M2P3.h", "cur/a b\\303:2,S", "cur/c:2,"] { try place.add(name, age: 50) }
    let messages = try Maildir(place.maildir).messages(before: place.now).map(MovedMessage.init)
    #expect(messages.count == 3)
    let list = MaildirList(place.maildir, messages)
    #expect(MaildirList(list.bytes) == list)
    #expect(MaildirList(Array(list.bytes.dropLast())) == nil)
  }

  @Test(
    "What is no list, or leads out of the maildir, is not followed",
    arguments: [
      "", "\0", "\0\0\0\0", "/m\0\0", "m\0" + "1/new/a\0", "/m\0" + "1/new/\0", "/m\0" + "1/tmp/a\0",
      "/m\0" + "x/new/a\0",
      "/m\0" + "1/new/..\0", "/m\0" + "1/new/../a\0", "/m\0" + "1/new/.a\0", "/m\0" + "-1/new/a\0", "/m\0" + "1/new\0",
      "/m\0" + "1/new/a",
    ]) func damaged(text: String)
  {
    #expect(MaildirList(Array(text.utf8)) == nil)
  }
}

/// What the next process does with the journal of a run that was killed while it removed the files.
@Suite struct MaildirJournalTests {
  private static let journal = ".Mailbox.journal"

  /// A maildir of three messages, all of them in the mailbox, the first file removed, and the journal left behind.
  private func killed() throws -> MaildirPlace {
    let place = try MaildirPlace()
    try place.place.write("From a\n\nold\n\n")
    for number in 1...3 { try place.add("new/\(number)", "Subject: \(number)\n\n", age: Int64(50 - number)) }
    let maildir = try Maildir(place.maildir)
    var batch = MaildirBatch(directories: [place.place.directory], mailbox: "Mailbox")
    var input = ByteBuffer(capacity: 4096)
    for message in try maildir.messages(before: place.now) {
      try batch.add(message, of: maildir, quoting: .mboxrd, input: &input) { () throws(LockFailure) in }
    }
    let spool = try batch.spool(of: maildir.realPath)
    try withLock(on: place.place.mailbox, policy: Policy()) { lock in
      try lock.append(spool, { () throws(LockFailure) in }, { _ in }) { () throws(LockFailure) in
        try attempt("", "cannot copy") { () throws(Errno) in
          try Directory(place.place.directory).link(FilePath(Self.journal), to: "saved")
          try maildir[.new].unlink("1")
        }
      }
    }
    try Directory(place.place.directory).rename("saved", to: FilePath(Self.journal))
    try maildir.note(FileLocation(of: place.place.mailbox).path)
    return place
  }

  private func recover(_ place: borrowing MaildirPlace) throws -> Recovery {
    try withLock(on: place.place.mailbox, policy: Policy()) { lock in try lock.recover() }
  }

  private func moveOn(_ place: borrowing MaildirPlace) throws {
    let location = try FileLocation(of: place.place.directory.appending("Other"))
    var move = try MaildirMove(
      place.maildir, to: location, policy: Policy(), directories: [place.place.directory])
    try move.finishEarlierRun(policyFor: { (_) throws(LockFailure) in Policy() }) { (_) throws(LockFailure) in }
    try move.run { (_) throws(LockFailure) in }
    #expect(move.progress.moved == 0)
    #expect(place.place.names == ["Mailbox", "Maildir"])
  }

  @Test("The files are removed, under new names, too, and the messages stay") func completed() throws {
    let place = try killed()
    try place.rename("new/2", to: "cur/2:2,S")
    let seen = try #require(place.place.inspect().journal)
    #expect(seen.plan == .complete && seen.content?.list?.maildir == place.maildir)
    #expect(seen.content?.list?.messages == 3)
    #expect(try recover(place) == .completed)
    #expect(try place.subjects() == ["1", "2", "3"])
    #expect(try place.left() == ["maildir2mbox.to"])
    try moveOn(place)
    #expect(try place.left() == [])
  }

  @Test("What a mail reader has left of the messages is not taken for a beginning of them") func cutByReader() throws {
    let place = try killed()
    let text = try place.place.text()
    let rest = try #require(text.range(of: "From MAILER-DAEMON", after: "Subject: 1\n"))
    try place.place.write(String(text[..<rest]))
    try Directory(place.place.directory).open("Mailbox", .writeOnly).truncate(to: Int64(text[..<rest].utf8.count))
    #expect(try recover(place) == .completed)
    #expect(try place.subjects() == ["1"])
    #expect(try place.left() == ["maildir2mbox.to"])
  }

  @Test("Who cannot come to the maildir keeps the list; the next run finishes it") func unreachable() throws {
    let place = try killed()
    let directory = try Directory(place.place.directory)
    try directory.rename("Maildir", to: "away")
    guard case .listKept(let name) = try recover(place) else {
      Issue.record("the list was not kept")
      return
    }
    #expect(place.place.names == [name.string, "Mailbox", "away"])
    let seen = try place.place.inspect()
    #expect(seen.journal == nil && seen.keptLists?.map(\.name) == [name])
    #expect(seen.keptLists?.first?.list == KeptList(maildir: place.maildir, messages: 3))
    #expect(MailboxInspection.mailbox(of: name) == "Mailbox")
    try AppendTests.append(AppendTests.message, to: place.place)
    try directory.rename("away", to: "Maildir")
    try moveOn(place)
    #expect(try place.subjects() == ["1", "2", "3", "new"])
    #expect(try place.left() == [])
  }

  @Test("A run into another mailbox finds what the killed one has left") func otherMailbox() throws {
    let place = try killed()
    try moveOn(place)
    #expect(try place.subjects() == ["1", "2", "3"])
    #expect(try place.left() == [])
  }

  @Test("A damaged list is not followed, and nothing is lost") func damagedList() throws {
    let place = try killed()
    let status = try place.place.status(of: Self.journal)
    let file = try Directory(place.place.directory).open(FilePath(Self.journal), .readWrite)
    try file.write(0, at: status.size - 3)
    #expect(try place.place.inspect().journal?.plan == .setAside(reason: JournalVerdict.damagedList))
    guard case .setAside = try recover(place) else {
      Issue.record("the list was followed")
      return
    }
    #expect(try place.subjects() == ["1", "2", "3"])
    #expect(try place.left() == ["maildir2mbox.to", "new/2", "new/3"])
  }

  @Test("The link to a mailbox whose directory is gone means nothing any more") func goneMailbox() throws {
    let place = try MaildirPlace()
    try place.add("new/1", "Subject: 1\n\n", age: 50)
    try Maildir(place.maildir).note(place.place.directory.appending("gone/Mailbox"))
    var move = try MaildirMove(
      place.maildir, to: FileLocation(of: place.place.mailbox), policy: Policy(), directories: [])
    try move.finishEarlierRun(policyFor: { (_) throws(LockFailure) in Policy() }) { (_) throws(LockFailure) in }
    try move.run { (_) throws(LockFailure) in }
    #expect(try place.subjects() == ["1"])
    #expect(try place.left() == [])
  }

  @Test("Files that cannot be removed leave a list, and the status tells") func removalFails() throws {
    let place = try MaildirPlace()
    try place.add("new/1", "Subject: 1\n\n", age: 50)
    let maildir = try Maildir(place.maildir)
    var batch = MaildirBatch(directories: [], mailbox: "Mailbox")
    var input = ByteBuffer(capacity: 4096)
    for message in try maildir.messages(before: place.now) {
      try batch.add(message, of: maildir, quoting: .mboxrd, input: &input) { () throws(LockFailure) in }
    }
    let spool = try batch.spool(of: maildir.realPath)
    let failure = #expect(throws: LockFailure.self) {
      try withLock(on: place.place.mailbox, policy: Policy()) { lock in
        try lock.append(spool, { () throws(LockFailure) in }, { _ in }) { () throws(LockFailure) in
          throw LockFailure(.system(.ioError), "x", "cannot remove")
        }
      }
    }
    #expect(failure?.what == "cannot remove")
    #expect(try place.subjects() == ["1"])
    #expect(place.place.names.contains { $0.hasPrefix(".Mailbox.done.") })
    #expect(!place.place.names.contains(Self.journal))
  }
}

extension String {
  /// Where `text` is, somewhere behind `mark`.
  fileprivate func range(of text: String, after mark: String) -> Index? {
    var index = startIndex
    var isBehind = false
    while index < endIndex {
      if self[index...].hasPrefix(mark) { isBehind = true }
      if isBehind, self[index...].hasPrefix(text) { return index }
      index = self.index(after: index)
    }
    return nil
  }
}
