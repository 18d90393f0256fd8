import Glibc
import TestSupport
import Testing

/// What something happens to at its system calls: a delivery to a mailbox, or the moving of a maildir into it.
struct Job: Sendable, CustomTestStringConvertible {
  enum Work: String, Sendable {
    case delivery, largeDelivery, move
  }

  var work = Work.delivery
  var locking = Locking(method: "dotlock")
  var options = ""
  /// What it runs under.
  var prefix = ""
  /// What is in the directory before, besides the mailbox.
  var setup = ":"
  var mailboxExists = true

  var testDescription: String {
    let more = [
      "\(work)", "\(locking)", options, prefix, setup == ":" ? "" : setup, mailboxExists ? "" : "new mailbox",
    ]
    return more.filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// Its command line, by the sender's name.
  var command: String {
    switch work {
    case .delivery, .largeDelivery: "mboxappend -f victim \(settings) box"
    case .move: "maildir2mbox \(settings) M box"
    }
  }

  var settings: String { "--method \(locking.method) --timeout 20s \(Locking.haste) \(options)" }

  var input: [UInt8] { work == .largeDelivery ? Messages.large : work == .move ? [] : Messages.text("victim") }

  /// An ordinary delivery.
  func delivery(by name: String, _ more: String = "") -> String {
    "printf '\\n\(name)\\n' | mboxappend -f \(name) \(settings) \(more) box"
  }

  /// Moves what is left, into another mailbox, and a new message: a run that has nothing to do takes no lock.
  var rest: String {
    guard work == .move else { return ":" }
    return "printf 'Subject: m4\\n\\nbody\\n' >M/new/4; touch -d '9 seconds ago' M/new/4; \(remainder)"
  }

  var remainder: String { "maildir2mbox \(settings) M other" }

  /// The messages of the maildir, in their order.
  var moved: [String] { work == .move ? ["m1", "m2", "m3"] : [] }

  func prepared() throws -> ScratchDirectory {
    let scratch = try locking.scratch()
    if mailboxExists { try scratch.write("From a Mon Nov 23 20:00:00 2026\n\nold\n\n", to: "box") }
    _ = try Shell.run(work == .move ? "\(Self.maildir)\n\(setup)" : setup, in: scratch)
    return scratch
  }

  private static let maildir = """
    mkdir -p M/new M/cur M/tmp
    for i in 1 2; do printf 'Subject: m%s\\n\\nbody\\n' $i >M/new/$i; done
    printf 'Subject: m3\\n\\nbody\\n' >M/cur/3:2,S
    touch -d '9 seconds ago' M/*/*
    """

  /// The calls of an undisturbed run.
  ///
  /// - Parameter isWhole: whether those of what it runs under count as well.
  func calls(isWhole: Bool = false) throws -> [TracedCall] {
    let calls =
      isWhole
      ? try TracedCall.all(of: "\(prefix) \(command)", in: prepared(), input: input)
      : try TracedCall.all(of: command, under: prefix, in: prepared(), input: input)
    #expect(calls.count > 40)
    if Torture.isThorough { print("\(testDescription): \(calls.count) system calls") }
    return calls
  }
}

/// Messages that are known byte for byte.
enum Messages {
  static func text(_ name: String) -> [UInt8] { Array("\n\(name)\n".utf8) }

  /// More than 4 MiB go through a file, and into the mailbox in several writes. Its lines tell that none is missing.
  static let large: [UInt8] = {
    let filler = String(repeating: "x", count: 100)
    return Array("\nvictim\n".utf8) + (1...60_000).flatMap { "\($0) \(filler)\n".utf8 }
  }()

  private static let moved = ["m1": "", "m2": "", "m3": "Status: RO\n", "m4": ""]

  /// The names of a mailbox's messages; `nil` when there is anything else in it.
  static func names(in bytes: [UInt8]) -> [String]? {
    var (names, rest): ([String], ArraySlice<UInt8>) = ([], bytes[...])
    while !rest.isEmpty {
      guard rest.prefix(5).elementsEqual("From ".utf8), let end = rest.prefix(200).firstIndex(of: newline),
        let (name, length) = first(in: rest[(end + 1)...])
      else { return nil }
      names.append(name)
      rest = rest.dropFirst(end + 1 - rest.startIndex + length)
    }
    return names
  }

  private static let newline = UInt8(ascii: "\n")

  private static func first(in rest: ArraySlice<UInt8>) -> (name: String, length: Int)? {
    let head = String(decoding: rest.prefix(60), as: UTF8.self)
    if let match = head.prefixMatch(of: /Subject: (m\d)\n(Status: RO\n)?\nbody\n\n/) {
      return match.2.map(String.init) ?? "" == moved[String(match.1)] ? (String(match.1), match.0.utf8.count) : nil
    }
    guard let match = head.prefixMatch(of: /\n([a-z]+)\n/) else { return nil }
    for text in [large, Messages.text(String(match.1))] {
      let text = text + [newline]
      if starts(rest, with: text) { return (String(match.1), text.count) }
    }
    return nil
  }

  /// At once, because there are millions.
  private static func starts(_ rest: ArraySlice<UInt8>, with text: [UInt8]) -> Bool {
    guard rest.count >= text.count else { return false }
    return rest.withUnsafeBytes { rest in
      rest.baseAddress.map { memcmp($0, text, text.count) } == 0
    }
  }
}

/// What has become of a job and of those that came after it.
struct Aftermath: CustomStringConvertible {
  /// The messages in the mailbox, in its order, and in the other one; `nil`: there is something else in it.
  let names: [String]?
  /// The files in the directory besides the mailboxes and the maildir, and those in the maildir.
  let files: [String]

  init(in scratch: borrowing ScratchDirectory) throws {
    let mailboxes = scratch.names.filter { $0 == "box" || $0 == "other" }
    names = Messages.names(in: try mailboxes.flatMap { try scratch.bytes(of: $0) })
    let found = try Shell.run("find . -mindepth 1 \\( ! -path './M/*' -o ! -type d \\)", in: scratch).output
    files = found.split(separator: "\n").map { String($0.dropFirst(2)) }
      .filter { !["box", "other", "M", "."].contains($0) }.sorted()
  }

  var description: String { "\(names.map { "\($0)" } ?? "damaged"), \(files)" }

  func count(_ name: String) -> Int { names?.count { $0 == name } ?? 0 }

  /// What nobody removes after a process was killed: files under names of its own.
  var filesWithoutPosts: [String] {
    files.filter { $0.wholeMatch(of: /(M\/)?(box|maildir2mbox)\.lock\..*\.\d+\.\w+\.\w+|\.box\.journal\..+/) == nil }
  }
}
