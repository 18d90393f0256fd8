internal import ArgumentParser
internal import CommandLine
internal import FileLocking
internal import LockPolicy
internal import Mailbox
internal import PolicyFile
internal import SystemPackage

struct RecoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Take back what a killed delivery has left in a mailbox.",
    discussion: """
      Takes the lock by the mailbox's policy, does with its journal what the next delivery would do, and says what that \
      was. Exits with status 69 when the journal was not followed.
      """)

  @Argument(
    help: ArgumentHelp("The mailbox.", valueName: "FILE"), completion: .file(), transform: { FilePath($0) })
  var mailbox: FilePath

  @OptionGroup var options: SettingOptions

  @Option(help: ArgumentHelp("The program that takes the lock, for rules that look at it.", valueName: "NAME"))
  var program = "mboxappend"

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let location = try FileLocation(of: mailbox)
    var policy = try PolicyFile.load(options.policy).resolved(
      for: location.path, overrides: options.overrides, program: program)
    // Whoever repairs a mailbox does not mean to make one.
    policy.mailbox.create = false
    var attendant = Attendant(isVerbose: false)
    let recovery = try recover(location, policy, &attendant)
    try StandardOutput.print(json ? recovery.json(of: location).text + "\n" : "\(location.journal): \(recovery)\n")
    if recovery.wasRefused { throw ExitCode(SystemExit.unavailable.rawValue) }
  }

  private func recover(
    _ location: FileLocation, _ policy: Policy, _ attendant: inout Attendant
  ) throws(LockFailure) -> Recovery {
    do throws(LockFailure) {
      var lock = try HeldLock.acquire(
        on: location, policy: policy, holder: .writer, inherited: [], canQueue: true,
        attend: { (occasion) throws(LockFailure) in try attendant.attend(occasion, for: location.path) })
      let recovery = try lock.recover()
      try lock.release()
      return recovery
    } catch {
      // The setting by which it was not made is ours, and nobody wrote it anywhere.
      guard error.kind == .system(.noSuchFileOrDirectory), error.path == location.path else { throw error }
      throw LockFailure(error.kind, error.path, "there is no such mailbox")
    }
  }
}

extension Recovery {
  fileprivate var wasRefused: Bool {
    switch self {
    case .nothing, .dropped, .cut, .completed, .listKept: false
    case .setAside, .left: true
    }
  }

  fileprivate func json(of location: FileLocation) -> JSON {
    .object(
      [
        ("mailbox", .string(location.path.string)), ("journal", .string(location.journal.string)),
        ("outcome", .string(outcome)),
      ] + details)
  }

  private var outcome: String {
    switch self {
    case .nothing: "nothing"
    case .dropped: "dropped"
    case .cut: "cut"
    case .completed: "completed"
    case .listKept: "list-kept"
    case .setAside: "set-aside"
    case .left: "left"
    }
  }

  private var details: [(name: String, value: JSON)] {
    switch self {
    case .nothing, .dropped, .completed: []
    case .cut(let bytes): [("bytes", .integer(Int(bytes)))]
    case .listKept(let name): [("name", .string(name.string))]
    case .setAside(let name, let reason): [("name", .string(name.string)), ("reason", .string(reason))]
    case .left(let reason): [("reason", .string(reason))]
    }
  }
}
