import Glibc

/// What a message costs that nobody wants to have in memory: first where nothing waits for a disk, then on one.
func runLarge(_ field: Field) throws(Failure) {
  try runLarge(in: field, isDurable: false)
  guard !isInMemory(field.options.disk) else { return }
  let disk = try Field(field.options, in: field.options.disk)
  defer { disk.remove() }
  try runLarge(in: disk, isDurable: true)
}

private let length = 100 << 20

private func runLarge(in field: Field, isDurable: Bool) throws(Failure) {
  try field.writeLargeMessage()
  defer { for name in ["large", "Large", "copy"] { unlink(field.directory + "/" + name) } }
  let (mailbox, copy) = (field.directory + "/Large", field.directory + "/copy")
  let reset = { (path: String) -> () -> Void in
    {
      truncate(path, 0)
      // What the run before has left to be written.
      if isDurable { sync() }
    }
  }
  // Our success means that the message is on the disk; cp's means nothing.
  // One that shares the source's blocks copies nothing.
  let copyFile = "cp --reflink=never \"$1\" \"$2\""
  let cp = isDurable ? copyFile + " && sync \"$2\"" : "exec " + copyFile
  let peer = isDurable ? "cp and sync" : "cp"
  let contenders = [
    field.deliverer(
      "mboxappend", field.options.programs + "/mboxappend", [mailbox], to: mailbox, message: "large", length: length,
      reset: reset(mailbox)),
    field.deliverer(
      peer, "/bin/sh", ["-c", cp, "sh", field.directory + "/large", copy], to: copy, length: length, reset: reset(copy)),
  ].compactMap { $0 }
  let results = try run(
    "Deliver one message of 100 MiB", contenders, in: field, ours: "mboxappend", targets: [], rounds: 5, warmUp: 1)
  let named = { name in results.first { $0.name == name } }
  guard let mine = named("mboxappend"), let theirs = named(peer) else { return }
  let share = canReflink(in: field.directory) ? 0.8 : 0.4
  judge("at least \(fixed(share, 2)) x the rate of \(peer)", theirs.median / mine.median, isReached: { $0 >= share })
  judge("less than 32 MiB resident", Double(mine.residentKiB) / 1024, isReached: { $0 < 32 })
}

extension Field {
  /// A message whose lines are those of mail with an attachment.
  fileprivate func writeLargeMessage() throws(Failure) {
    let path = directory + "/large"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(file) }
    let line = String(repeating: "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0", count: 2).prefix(63) + "\n"
    let block = String(repeating: String(line), count: (1 << 20) / line.utf8.count)
    let header = "Subject: a film\n\n"
    guard Glibc.write(file, header, header.utf8.count) > 0 else { throw Failure("cannot write \(path)") }
    for _ in 0..<100 where Glibc.write(file, block, block.utf8.count) != block.utf8.count {
      throw Failure("cannot write \(path)")
    }
  }
}
