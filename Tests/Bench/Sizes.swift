import Glibc

extension Field {
  /// A delivery into a mailbox that is as long as that before each run.
  ///
  /// Nothing is in it but a message's beginning and a blank line at the end: a file of holes, which any file system has
  /// room for.
  func deliverer(_ name: String, length: Int) throws(Failure) -> Contender {
    let mailbox = directory + "/Mailbox-\(length)"
    try write(length == 0 ? "" : "From ann@example.org Mon Jan  5 08:15:00 2026\n\n", to: "Mailbox-\(length)")
    let file = open(mailbox, O_WRONLY)
    guard file >= 0, ftruncate(file, length) == 0, length == 0 || pwrite(file, "\n\n", 2, length - 2) == 2 else {
      throw Failure("cannot make a mailbox of \(length) bytes in \(directory)")
    }
    close(file)
    guard
      let contender = deliverer(
        name, options.programs + "/mboxappend", [mailbox], to: mailbox, reset: { truncate(mailbox, length) })
    else { throw Failure("no mboxappend in \(options.programs)") }
    return contender
  }
}
