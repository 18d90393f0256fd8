internal import ArgumentParser
internal import CommandLine
internal import FileLocking
internal import LockPolicy
internal import PolicyFile
internal import SystemPackage

struct ExplainPolicy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Show every setting that is in force for a mailbox, and where it comes from.")

  @Argument(
    help: ArgumentHelp("The mailbox; it need not exist.", valueName: "MAILBOX"), completion: .file(),
    transform: { FilePath($0) })
  var mailbox: FilePath

  @OptionGroup var options: SettingOptions

  @Option(help: ArgumentHelp("The program that takes the lock, for rules that look at it.", valueName: "NAME"))
  var program = "mboxappend"

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let document = try PolicyFile.load(options.policy)
    let subject = try Subject(FileLocation(of: mailbox), program: program)
    let settings = try document.resolved(for: subject, overrides: options.overrides)
    let explanation = Explanation(document: document, subject: subject, settings: settings)
    try StandardOutput.print(json ? explanation.json.text + "\n" : explanation.text)
  }
}
