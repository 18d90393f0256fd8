import CPosix
import Glibc

/// What a durable delivery costs, next to the least that anybody can do.
func runDurable(_ options: Options) throws(Failure) {
  let title = "Deliver one message of 1 KiB to a disk"
  guard !isInMemory(options.disk) else {
    return print("\n\(title)\n  not measured, \(options.disk) is in memory; see --disk")
  }
  let field = try Field(options, in: options.disk)
  defer { field.remove() }
  let append = options.programs + "/mboxappend"
  let journals = ["auto", "power", "off"].map { journal in
    let mailbox = field.directory + "/Mailbox-" + journal
    // Without a journal there can be no fence.
    let fence = journal == "off" ? ["-o", "steal.fence=none"] : []
    return field.deliverer(
      journal == "auto" ? "mboxappend" : "mboxappend, journal: \(journal)", append,
      ["-o", "mailbox.journal=" + journal] + fence + [mailbox], to: mailbox)
  }
  let bare = field.directory + "/bare"
  let rival = field.deliverer("write and fsync", options.rivals + "/barewrite", [bare], to: bare)
  try run(
    title, (journals + [rival]).compactMap { $0 }, in: field, ours: "mboxappend",
    targets: [Target(peers: ["write and fsync"], limit: 1.15)], rounds: max(options.rounds / 2, 1))
}

/// Whether files in the directory are never on a disk.
func isInMemory(_ directory: String) -> Bool {
  var status = statfs()
  // tmpfs and ramfs.
  return statfs(directory, &status) == 0 && [0x0102_1994, 0x8584_58F6].contains(cposix_fs_magic(&status))
}

/// Whether the file system can give two files the same blocks: then a copy costs next to nothing.
func canReflink(in directory: String) -> Bool {
  let (from, to) = (directory + "/reflink.1", directory + "/reflink.2")
  let source = open(from, O_RDWR | O_CREAT | O_TRUNC, 0o600)
  let copy = open(to, O_RDWR | O_CREAT | O_TRUNC, 0o600)
  defer {
    close(source)
    close(copy)
    unlink(from)
    unlink(to)
  }
  let block = [UInt8](repeating: 0x20, count: 1 << 16)
  guard write(source, block, block.count) == block.count else { return false }
  return cposix_clone(copy, source) == 0
}
