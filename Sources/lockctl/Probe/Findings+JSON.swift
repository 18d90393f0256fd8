internal import CommandLine
internal import LockPolicy
internal import SystemPackage

extension Findings {
  /// The findings for programs; all times in nanoseconds.
  var json: JSON {
    let members: [(name: String, value: JSON)] = [
      ("directory", .string(directory.string)), ("filesystem", .string(filesystem)), ("local", .flag(isLocal)),
      ("host", .string(host)), ("trials", .object(results.map { ($0.trial.rawValue, $0.json) })),
      ("methods", .object(methods.map { ($0.method.rawValue, ["safe": .flag($0.isSafe), "why": .string(why($0))]) })),
      ("recommended", .array(recommended.map { .string($0.rawValue) })),
      ("cautions", .array(cautions.map(JSON.string))),
    ]
    return .object(members + (rule.map { [("rule", .string($0))] } ?? []))
  }
}

extension TrialResult {
  fileprivate var json: JSON {
    let result: [(name: String, value: JSON)] =
      switch outcome {
      case .works: [("result", "works")]
      case .fails(let reason): [("result", "fails"), ("reason", .string(reason))]
      case .hangs: [("result", "hangs")]
      }
    let numbers = ["fastest", "median", "resolution", "step", "ahead"].compactMap { name in
      self.numbers[name].map { (name: name, value: JSON.integer(Int($0))) }
    }
    return .object(result + numbers)
  }
}
