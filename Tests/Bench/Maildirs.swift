import Glibc

/// All of a maildir to the end of a mailbox, which somebody reads and writes meanwhile.
func runMaildirs(_ field: Field, _ options: Options) throws(Failure) {
  let place = try MaildirPlace(field)
  defer { place.remove() }
  let python = find("python3").map { [$0, "-c", MaildirPlace.python] }
  let contenders = [
    place.mover("maildir2mbox", [options.programs + "/maildir2mbox"]),
    place.mover("copy, append, rename", [thisProgram, CopyingMove.option]),
    python.map { place.mover("CPython's mailbox", $0) },
  ].compactMap { $0 }
  try run(
    "Move \(MaildirPlace.count) messages of a maildir to a mailbox of 100 MiB", contenders,
    rounds: max(3, options.rounds / 80), ours: "maildir2mbox",
    [Target(peers: ["CPython's mailbox"], limit: 0.1), Target(peers: ["copy, append, rename"], limit: 1)])
}

/// A maildir and a mailbox that are the same before each run.
struct MaildirPlace {
  static let count = 10_000
  private static let old = 100 << 20

  private let field: Field
  private let maildir: String
  private let mailbox: String

  init(_ field: Field) throws(Failure) {
    self.field = field
    maildir = field.directory + "/maildir"
    mailbox = try field.write(field.directory + "/archive", repeating: Field.post, size: Self.old)
    for name in ["", "/new", "/cur", "/tmp"] { mkdir(maildir + name, 0o700) }
  }

  func remove() {
    _ = field.command(["/bin/rm", "-rf", maildir]).run()
    unlink(mailbox)
  }

  func mover(_ name: String, _ words: [String]) -> Contender {
    Contender(
      name: name, command: field.command(words + [maildir, mailbox]),
      proof: { nil }, prepare: prepare, check: isMoved)
  }

  private func prepare() {
    truncate(mailbox, Self.old)
    for number in 0..<Self.count {
      let second = 1_600_000_000 + number
      let path = "\(maildir)/new/\(second).M\(number)P1.host"
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      _ = write(file, Field.message, Field.message.utf8.count)
      var times = [timespec](repeating: timespec(tv_sec: second, tv_nsec: 0), count: 2)
      futimens(file, &times)
      close(file)
    }
    // Nobody is to wait for the disk because of what was made here.
    sync()
  }

  private func isMoved() -> Bool {
    let growth = fileSize(of: mailbox) - Self.old
    return rmdir(maildir + "/new") == 0 && mkdir(maildir + "/new", 0o700) == 0
      && growth > Self.count * Field.message.utf8.count && growth < Self.count * (Field.message.utf8.count + 200)
  }

  /// As its manual has it: lock, add, flush, unlock, and only then remove.
  static let python = """
    import mailbox, sys
    source = mailbox.Maildir(sys.argv[1], factory=None)
    target = mailbox.mbox(sys.argv[2])
    target.lock()
    for key in source.keys(): target.add(source[key])
    target.flush()
    target.unlock()
    for key in list(source.keys()): source.discard(key)
    """
}
