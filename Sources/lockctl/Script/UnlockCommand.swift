internal import ArgumentParser
internal import FileLocking
internal import SystemPackage

struct UnlockCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unlock",
    abstract: "Let go of a lock that 'lockctl lock' has taken.",
    discussion: "Removes only what the token proves to be the caller's; exits with status 75 when it is lost.")

  @Argument(help: fileHelp, completion: .file(), transform: readFileName) var file: FilePath
  @OptionGroup var token: TokenOption
  @OptionGroup var options: SettingOptions

  func run() throws { try token.adopt(LockSubject(file, options).ofScript()).release() }
}
