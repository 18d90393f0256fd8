import Glibc

/// Deliveries that are on disk when they are over, against the least that can be done for it.
func runOnDisk(_ options: Options) throws(Failure) {
  let field = try Field(options, in: options.disk)
  defer { field.remove() }
  guard !field.isInMemory else { return print("\nDeliver to a disk\n  not measured, \(options.disk) is in memory") }
  let file = field.directory + "/bare"
  let bare = Contender(
    name: "write and fsync", command: field.command([thisProgram, BareAppend.option, file]), proof: { nil },
    prepare: { truncate(file, 4096) }, check: { fileSize(of: file) == 4096 + Field.message.utf8.count })
  try field.write(file, repeating: Field.message, size: 4096)
  let contenders = [
    try field.deliverer("mboxappend", size: 4096),
    try field.deliverer("mboxappend, journal power", ["--journal", "power"], size: 4096),
    try field.deliverer("mboxappend, no sync", ["-o", "mailbox.sync=false"], size: 4096), bare,
  ]
  try run(
    "Deliver one message of 1 KiB to a disk", contenders, rounds: options.rounds, ours: "mboxappend",
    [Target(peers: ["write and fsync"], limit: 1.15)])
}

/// A delivery without a lock, a look or a second thought: what the disk costs.
enum BareAppend {
  static let option = "--bare-append"

  static func append(to file: String) -> CInt {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    let descriptor = open(file, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard count > 0, write(descriptor, bytes, count) == count, fsync(descriptor) == 0 else { return 1 }
    return close(descriptor) == 0 ? 0 : 1
  }
}
