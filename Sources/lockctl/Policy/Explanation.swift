internal import CommandLine
internal import LockPolicy
internal import SystemPackage

/// The settings for one mailbox, and what led to them.
struct Explanation {
  let document: PolicyDocument
  let subject: Subject
  let settings: ResolvedPolicy

  private var rules: [(number: Int, rule: Rule, applies: Bool)] {
    document.rules.enumerated().map { ($0 + 1, $1, $1.applies(to: subject)) }
  }

  var text: String {
    let facts = [
      ["mailbox", subject.path.string],
      ["filesystem", "\(subject.filesystem) (\(subject.isLocal ? "local" : "network"))"],
      ["host", subject.host], ["user", subject.user.joined(separator: ", ")], ["program", subject.program],
      ["policy", document.source?.string ?? "built-in defaults"], ["rules", rulesText],
    ]
    let entries = settings.entries.map { [$0.setting.key, $0.text, "\($0.origin)"] }
    return aligned(facts) + "\n" + aligned(entries)
  }

  private var rulesText: String {
    if rules.isEmpty { return "none" }
    let applying = rules.filter(\.applies).map { "\($0.number) (line \($0.rule.location.line))" }
    return "\(applying.isEmpty ? "none" : applying.joined(separator: ", ")) of \(rules.count)"
  }

  var json: JSON {
    [
      "mailbox": .string(subject.path.string), "filesystem": .string(subject.filesystem),
      "local": .flag(subject.isLocal), "host": .string(subject.host), "user": .array(subject.user.map(JSON.string)),
      "program": .string(subject.program), "policy": .string(document.source?.string ?? "built-in"),
      "rules": .array(
        rules.map {
          ["number": .integer($0.number), "line": .integer($0.rule.location.line), "applies": .flag($0.applies)]
        }
      ),
      "settings": .object(
        settings.entries.map { ($0.setting.key, ["value": .string($0.text), "origin": .string("\($0.origin)")]) }),
    ]
  }
}
