internal import ArgumentParser
internal import LockPolicy
internal import PolicyFile
internal import SystemPackage

struct CheckPolicy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a policy file.",
    discussion: "Reports the first error with its line and column, and exits with status 78.")

  @Argument(
    help: ArgumentHelp("The policy file (default: /etc/dotlock.yaml if it is there).", valueName: "FILE"),
    completion: .file(extensions: ["yaml"]), transform: { FilePath($0) })
  var file: FilePath?

  func run() throws {
    let document = try PolicyFile.load(file)
    guard let source = document.source else {
      return try StandardOutput.print("\(PolicyFile.defaultPath): not there, the built-in defaults apply\n")
    }
    try StandardOutput.print("\(source.string.visible): no errors\n")
  }
}
