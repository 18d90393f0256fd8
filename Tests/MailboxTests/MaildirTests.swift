import FileLocking
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

@Suite struct MaildirTests {
  @Test("Oldest first: by the file's time, then the name's, then the name") func order() throws {
    let place = try MaildirPlace()
    try place.add("new/1700000000.M5P1.h", age: 50)
    try place.add("cur/1700000000.M40P1.h:2,S", age: 50)
    try place.add("new/1600000000.M5P1.h", age: 50)
    try place.add("new/b", age: 60)
    try place.add("cur/a", age: 60)
    try place.add("new/1900000000.M1P1.h", age: 70)
    let maildir = try Maildir(place.maildir)
    #expect(
      try maildir.messages(before: place.now).map(\.name) == [
        "1900000000.M1P1.h", "a", "b", "1600000000.M5P1.h", "1700000000.M5P1.h", "1700000000.M40P1.h:2,S",
      ])
  }

  @Test("Hidden files, and what came in this second or later, are not for now") func notForNow() throws {
    let place = try MaildirPlace()
    try place.add("new/.hidden", age: 50)
    try place.add("new/now", age: 0)
    try place.add("new/later", age: -3600)
    try place.add("cur/before:2,", age: 1)
    let maildir = try Maildir(place.maildir)
    #expect(try maildir.messages(before: place.now).map(\.name) == ["before:2,"])
  }

  @Test("tmp/ loses what nobody has touched for 36 hours") func cleaning() throws {
    let place = try MaildirPlace()
    let limit: Int64 = 36 * 3600
    try place.add("tmp/old", age: limit + 1)
    try place.add("tmp/.old", age: limit + 1)
    try place.add("tmp/young", age: limit)
    try place.add("tmp/read", age: limit + 1, accessed: 10)
    try Directory(place.maildir).makeDirectory("tmp/directory", mode: 0o700)
    try Maildir(place.maildir).clean(now: place.now)
    #expect(try place.names("tmp") == [".old", "directory", "read", "young"])
  }

  @Test("What is no maildir is named") func noMaildir() throws {
    let place = try MaildirPlace()
    let failure = #expect(throws: LockFailure.self) { _ = try Maildir(place.maildir.appending("new")) }
    #expect(failure?.path.string.hasSuffix("/new/new") == true)
    #expect(failure?.kind == .system(.noSuchFileOrDirectory))
    let missing = #expect(throws: LockFailure.self) { _ = try Maildir(place.maildir.appending("nothing")) }
    #expect(missing?.kind == .system(.noSuchFileOrDirectory))
  }

  @Test(
    "A name's flags become Status and X-Status",
    arguments: [
      ("new/a", ""), ("cur/a", "Status: O\n"), ("cur/a:2,", "Status: O\n"), ("cur/a:2,S", "Status: RO\n"),
      ("new/a:2,S", "Status: R\n"), ("cur/a:2,R", "Status: O\nX-Status: A\n"),
      ("cur/a:2,DFPRST", "Status: RO\nX-Status: AFTD\n"), ("cur/a:2,abS", "Status: RO\n"),
      ("cur/a,S=10:2,F,S=10", "Status: O\nX-Status: F\n"), ("cur/a:1,S", "Status: O\n"), ("cur/a:2", "Status: O\n"),
      ("new/RST", ""),
    ]) func flags(path: String, lines: String) throws
  {
    let place = try MaildirPlace()
    try place.add(path, age: 50)
    let message = try #require(try Maildir(place.maildir).messages(before: place.now).first)
    #expect(message.statusLines == Array(lines.utf8))
  }

  @Test("Moved messages are removed under the names that readers gave them, and no others") func removal() throws {
    let place = try MaildirPlace()
    for name in ["same", "renamed", "gone", "replaced"] { try place.add("new/\(name)", age: 50) }
    let maildir = try Maildir(place.maildir)
    let messages = try maildir.messages(before: place.now)
    try place.rename("new/renamed", to: "cur/renamed:2,RS")
    try maildir[.new].unlink("gone")
    try place.add("new/other", age: 50)
    try place.rename("new/other", to: "new/replaced")
    try maildir.remove(messages.map(MovedMessage.init), isForGood: false)
    #expect(try place.names("new") == ["replaced"])
    #expect(try place.names("cur") == [])
  }
}

@Suite struct StatusHeaderTests {
  /// The text with the old lines taken out, and `|` where new ones go.
  private func shown(_ text: String, isWhole: Bool = true) -> String {
    var text = text
    return text.withUTF8 { bytes in
      let head = UnsafeRawBufferPointer(bytes)
      let header = StatusHeader(head, isWhole: isWhole)
      var result: [UInt8] = []
      for index in 0...head.count {
        if index == header.end, header.hasPlace { result.append(UInt8(ascii: "|")) }
        if index < head.count, !header.old.contains(where: { $0.contains(index) }) { result.append(head[index]) }
      }
      return String(decoding: result, as: UTF8.self)
    }
  }

  @Test(
    "Old lines go, new ones come behind the last header",
    arguments: [
      ("A: b\n\nStatus: RO\n", "A: b\n|\nStatus: RO\n"), ("Status: RO\nA: b\n\n", "A: b\n|\n"),
      ("A: b\nstatus: R\n O\nX-STATUS:F\nB: c\n\n", "A: b\nB: c\n|\n"), ("A: b\n c\n\n", "A: b\n c\n|\n"),
      ("A: b\r\nStatus: RO\r\n\r\nx", "A: b\r\n|\r\nx"), ("", "|"), ("\nx", "|\nx"), ("text\n", "|text\n"),
      ("A: b\ntext\nStatus: x\n", "A: b\n|text\n"), ("A: b\n", "A: b\n|"), ("A: b", "|A: b"),
      ("A: b\nStatus: RO", "A: b\n|"), ("Statuses: x\n\n", "Statuses: x\n|\n"),
      ("From a b\nA: b\n\n", "|From a b\nA: b\n\n"), (": x\n\n", "|: x\n\n"), (" x: y\n\n", " x: y\n\n"),
      ("\tR\nA: b\n\n", "\tR\nA: b\n\n"),
      ("A: b\nStatus: R\n", "A: b\n|"),
      ("A: b\nS\u{E4}: 8\nStatus: R\n x\n\nStatus: x", "A: b\n|S\u{E4}: 8\n\nStatus: x"),
      (": x\nStatus: R\n\n", "|: x\n\n"), ("From a b\nX-Status: F\nA: b\n\n", "|From a b\nA: b\n\n"),
      (" x\nStatus: R\nA: b\n\n", " x\nA: b\n\n"), ("text\r\n\r\nStatus: x\r\n", "|text\r\n\r\nStatus: x\r\n"),
    ]) func whole(text: String, expected: String)
  {
    #expect(shown(text) == expected)
  }

  @Test(
    "Nothing is put into a header that may go on behind what was read",
    arguments: [
      ("A: b\nB: c", "A: b\n|B: c"), ("A: b\nB: c\n", "A: b\n|B: c\n"), ("A: b\nStatus: RO\n", "A: b\n|Status: RO\n"),
      ("A: b\nB", "A: b\n|B"), ("A: b\n\n", "A: b\n|\n"),
    ]) func beginning(text: String, expected: String)
  {
    #expect(shown(text, isWhole: false) == expected)
  }
}
