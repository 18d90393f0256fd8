import Glibc

/// What it costs to move 10,000 messages from a maildir to a mailbox that has 100 MiB already: first where nothing waits
/// for a disk, then on one.
func runMaildirs(_ field: Field) throws(Failure) {
  try runMaildirs(in: field, isDurable: false)
  guard !isInMemory(field.options.disk) else { return }
  let disk = try Field(field.options, in: field.options.disk)
  defer { disk.remove() }
  try runMaildirs(in: disk, isDurable: true)
}

private func runMaildirs(in field: Field, isDurable: Bool) throws(Failure) {
  let move = Move(field: field, isDurable: isDurable)
  try move.writeMailbox()
  defer { move.remove() }
  let ours = "maildir2mbox", qmail = "copy, append, rename"
  let contenders = [
    move.contender(ours, field.options.programs + "/maildir2mbox"),
    move.contender(qmail, field.options.rivals + "/copyandrename"),
  ].compactMap { $0 }
  let title = "Move 10,000 messages to a mailbox of 100 MiB"
  let results = try run(
    title, contenders, in: field, ours: ours, targets: [Target(peers: [qmail], limit: 1)],
    rounds: isDurable ? 3 : 11, warmUp: isDurable ? 0 : 1)
  guard !isDurable, let mine = results.first(where: { $0.name == ours }) else { return }
  guard let python = move.contender("CPython's mailbox", "python3", ["-c", script]) else { return }
  // It takes so long that nothing can disturb it much.
  let theirs = try compete([python], rounds: 1, warmUp: 0)[0].median
  judge("at least 10 times as fast as CPython's mailbox", theirs / mine.median, isReached: { $0 >= 10 })
}

/// As its documentation has it: locked, flushed, and only then removed.
private let script = """
  import mailbox, sys
  maildir, mbox = mailbox.Maildir(sys.argv[1], factory=None), mailbox.mbox(sys.argv[2])
  mbox.lock()
  keys = list(maildir.keys())
  for key in keys:
      mbox.add(maildir[key])
  mbox.flush()
  mbox.unlock()
  for key in keys:
      maildir.discard(key)
  """

/// A maildir and a mailbox that are put back before each run.
private struct Move {
  let field: Field
  let isDurable: Bool

  private static let count = 10_000
  private static let length = 100 << 20
  private var maildir: String { field.directory + "/maildir" }
  private var mailbox: String { field.directory + "/Old" }

  func contender(_ name: String, _ program: String, _ words: [String] = []) -> Contender? {
    guard let path = find(program) else { return nil }
    let command = field.command([path] + words + [maildir, mailbox])
    return Contender(
      name: name, command: command,
      proof: {
        fill()
        let status = command.run().status
        return status == 0 && isMoved() ? nil : "status \(status), and the messages are not moved"
      },
      prepare: { fill() }, check: { isMoved() })
  }

  func writeMailbox() throws(Failure) {
    let message = "From bob@example.net Mon Jan  5 08:15:00 2026\n" + Field.message + "\n"
    let block = String(repeating: message, count: 1024)
    let file = open(mailbox, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(file) }
    while size(of: mailbox) < Self.length {
      guard write(file, block, block.utf8.count) == block.utf8.count else { throw Failure("cannot write \(mailbox)") }
    }
  }

  func remove() {
    _ = field.command(["/bin/rm", "-rf", maildir]).run()
    unlink(mailbox)
  }

  /// Cut, not written anew: only what was added goes. Old enough for the order of the messages to be settled.
  private func fill() {
    for folder in ["", "/new", "/cur", "/tmp"] { mkdir(maildir + folder, 0o700) }
    let message = "Return-Path: <ann@example.net>\n" + Field.message
    for number in 0..<Self.count {
      let path = "\(maildir)/new/\(1_700_000_000 + number).M\(number)P1.mx"
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      write(file, message, message.utf8.count)
      var times = (timespec(), timespec())
      (times.0.tv_sec, times.1.tv_sec) = (1_700_000_000 + number, 1_700_000_000 + number)
      withUnsafeBytes(of: &times) { _ = futimens(file, $0.assumingMemoryBound(to: timespec.self).baseAddress) }
      close(file)
    }
    truncate(mailbox, Self.kept)
    if isDurable { sync() }
  }

  /// Whole messages, a little more than 100 MiB.
  private static let kept: Int = {
    let block = ("From bob@example.net Mon Jan  5 08:15:00 2026\n".utf8.count + Field.message.utf8.count + 1) * 1024
    return (length + block - 1) / block * block
  }()

  private func isMoved() -> Bool {
    let growth = size(of: mailbox) - Self.kept
    return growth > Self.count * Field.message.utf8.count && rmdir(maildir + "/new") == 0
  }
}
