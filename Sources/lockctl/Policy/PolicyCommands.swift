internal import ArgumentParser

struct PolicyCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Check, show, explain and export the policy.",
    subcommands: [CheckPolicy.self, ShowPolicy.self, ExplainPolicy.self, ExportPolicy.self, PolicySchemaCommand.self])
}
