internal import ArgumentParser
internal import CommandLine
internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

struct LockCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock",
    abstract: "Take the lock on a file for a script, and print a token that proves whose it is.",
    discussion: """
      The lock outlives the command: it is held until 'lockctl unlock', and may be stolen when it was not touched for \
      steal.after. Programs of this toolkit that find the token in DOTLOCK_HELD use the lock in place of their own:

          DOTLOCK_HELD=$(lockctl lock ./Mailbox) || exit
          export DOTLOCK_HELD
          trap 'lockctl unlock ./Mailbox' EXIT
      """)

  @Argument(help: fileHelp, completion: .file(), transform: readFileName) var file: FilePath
  @OptionGroup var options: SettingOptions
  @Flag(name: .shortAndLong, help: "Say what is done.") var verbose = false

  func run() throws {
    var attendant = Attendant(isVerbose: verbose)
    let subject = try LockSubject(file, options).ofScript()
    let (location, policy) = (subject.location, subject.policy)
    let outer = LockHandover.entry(for: location, policy: policy, in: Environment.value(LockHandover.variable))
    if outer?.isHeld(at: location, policy: policy) == true {
      throw LockFailure(.busy, location.path, "is locked already, for this script (DOTLOCK_HELD)")
    }
    let lock = try HeldLock.acquire(
      on: location, policy: policy, holder: .script, inherited: [], canQueue: true,
      attend: { (occasion) throws(LockFailure) in try attendant.attend(occasion, for: location.path) })
    guard let token = lock.handover?.appended(to: nil) else { return }
    // From here on the lock would stay: nobody could let go of it without the token.
    try attendant.signals.checkpoint(location.path)
    try StandardOutput.print(token + "\n")
    lock.leaveBehind()
    let limit = policy.steal.after.map { "until it was not touched for \($0.policyText)" } ?? "for ever"
    attendant.say("\(location.path): locked \(limit)")
  }
}

let fileHelp = ArgumentHelp("The file; it need not exist.", valueName: "FILE")
