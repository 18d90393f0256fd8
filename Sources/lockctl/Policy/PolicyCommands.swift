internal import ArgumentParser

struct PolicyCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Check, show and explain the policy.",
    subcommands: [CheckPolicy.self, ShowPolicy.self, ExplainPolicy.self, PolicySchemaCommand.self])
}
