import Glibc

/// A message of 100 MiB against cp(1), which copies it once, and does not look at it.
///
/// A delivery copies it twice, first into a spool and then, under the lock, into the mailbox. Where cp(1) could share the
/// blocks it is told to copy: a mailbox ends in the middle of a block, which no file system can share.
func runLarge(_ field: Field, _ options: Options) throws(Failure) {
  let size = 100 << 20
  let message = try field.write(field.directory + "/large", repeating: Field.message, size: size)
  let copy = field.directory + "/copy"
  let copier = Contender(
    name: "cp", command: field.command(["/bin/cp", "--reflink=never", message, copy]), proof: { nil },
    prepare: { unlink(copy) }, check: { fileSize(of: copy) == size })
  defer { for path in [message, copy] { unlink(path) } }
  try run(
    "Deliver a message of 100 MiB", [try field.deliverer("mboxappend", size: 4096, message: message), copier],
    rounds: max(5, options.rounds / 20), ours: "mboxappend",
    // 0.4 of its rate.
    [Target(peers: ["cp"], limit: 2.5)]
  ) { results in
    let resident = Double(results.first { $0.name == "mboxappend" }?.resident ?? 0) / 1024
    judge("at most 32 MiB resident", resident, isReached: { $0 < 32 })
  }
}
