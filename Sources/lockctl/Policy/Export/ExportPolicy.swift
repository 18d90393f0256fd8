internal import ArgumentParser
internal import FileLocking
internal import LockPolicy
internal import PolicyFile
internal import SystemPackage

struct ExportPolicy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Print the configuration that makes another program follow the policy.",
    discussion: """
      Comments tell what that program cannot do. Exits with status 69 when it would not be kept apart from the programs \
      of this toolkit.
      """)

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "The program: \(Exporter.table.map(\.name).joined(separator: ", ")).", valueName: "PROGRAM"),
    completion: .list(Exporter.table.map(\.name)), transform: Exporter.init(named:))
  var exporter: Exporter

  @Argument(
    help: ArgumentHelp("The mailbox, to which rules apply; it need not exist.", valueName: "MAILBOX"),
    completion: .file(), transform: readFileName)
  var mailbox: FilePath?

  @Option(
    help: ArgumentHelp(
      "The methods that mutt, procmail or maildrop was built with (default: Debian's).", valueName: "METHODS"),
    transform: { try MethodList($0) })
  var builtWith: MethodList?

  @OptionGroup var options: SettingOptions

  func validate() throws {
    guard builtWith != nil, exporter.builtWith == nil else { return }
    throw ValidationError("--built-with: \(exporter.title) is told by its configuration what to take")
  }

  func run() throws {
    let document = try PolicyFile.load(options.policy)
    let request = PolicyExport.Request(overrides: try options.overrides, builtWith: builtWith)
    let export: PolicyExport
    if let mailbox {
      let subject = try Subject(FileLocation(of: mailbox), program: exporter.name)
      export = try PolicyExport(exporter, document, subject, request)
    } else {
      export = try PolicyExport(exporter, document, request)
    }
    try StandardOutput.print(export.text)
    guard let objection = export.objections.first else { return }
    throw Refusal(.unavailable, "\(exporter.title) does not exclude: \(objection)")
  }
}

extension Exporter {
  init(named name: String) throws {
    guard let exporter = Self.table.first(where: { $0.name == name }) else {
      throw ValueError.unknown("program", name, among: Self.table.map(\.name))
    }
    self = exporter
  }
}
