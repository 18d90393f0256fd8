internal import ArgumentParser
internal import FileLocking
internal import SystemPackage

struct TouchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "touch",
    abstract: "Show that a lock that 'lockctl lock' has taken is still in use.",
    discussion: "To be called more often than every steal.after. Exits with status 75 when the lock is lost.")

  @Argument(help: fileHelp, completion: .file(), transform: readFileName) var file: FilePath
  @OptionGroup var token: TokenOption
  @OptionGroup var options: SettingOptions

  @Flag(help: "Print the token anew: programs that use the lock by it get a lease that begins now.")
  var print = false

  func run() throws {
    var lock = try token.adopt(LockSubject(file, options).ofScript())
    try lock.renew()
    if print, let token = lock.handover?.appended(to: nil) { try StandardOutput.print(token + "\n") }
  }
}
