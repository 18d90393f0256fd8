internal import LockPolicy
@testable internal import PolicyFile
internal import SystemPackage

/// A policy's text: a diagnostic, or a policy that prints as a text with the same meaning.
func checkPolicy(_ input: Input) {
  do throws(PolicyError) {
    checkShown(try PolicyFile.parse(input.bytes, source: "FILE"))
  } catch {
    let line = "\(error)"
    require(line.hasPrefix("FILE") && line.visible == line, "a diagnostic is one line about the file: \(line)")
  }
}

private func checkShown(_ document: PolicyDocument) {
  do {
    let text = ShownPolicy(document, try document.resolved(for: nil), []).yaml
    let again = try PolicyFile.parse(Array(text.utf8), source: "FILE")
    require(again.values == document.values, "what is shown means the same:\n\(text)")
    for subject in subjects {
      require(document.answer(subject) == again.answer(subject), "what is shown has the same effect:\n\(text)")
    }
    let repeated = ShownPolicy(again, try again.resolved(for: nil), []).yaml
    require(text.withoutComments == repeated.withoutComments, "what is shown shows as itself:\n\(text)")
  } catch {
    require(false, "an accepted policy can be shown, and read again: \(error)")
  }
}

private let subjects = [
  Subject(
    path: "/var/mail/ann", filesystem: "ext4", isLocal: true, host: "mx1.example.org", user: ["ann", "1000"],
    program: "dotlock"),
  Subject(path: "/home/bob/Mailbox", filesystem: "nfs", isLocal: false, host: "a", user: ["0"], program: "mboxappend"),
]

extension PolicyDocument {
  fileprivate var values: [[String]] {
    let defaults = (try? resolved(for: nil))?.entries.map { "\($0.setting.key) \($0.text)" } ?? []
    return [defaults]
      + rules.flatMap { rule in
        let keys = MatchKey.allCases.filter { rule.match[$0] != nil }
        let matches = keys.map { "\($0) \(rule.match[$0] ?? [])" }
        return [matches, rule.assignments.map { "\($0.setting.key) \($0.text)" }.sorted()]
      }
  }

  fileprivate func answer(_ subject: Subject) -> [String]? {
    (try? resolved(for: subject))?.entries.map { "\($0.setting.key) \($0.text)" }
  }
}

extension String {
  fileprivate var withoutComments: [Substring] {
    split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      line.firstRange(of: "  # ").map { line[..<$0.lowerBound] } ?? line
    }
  }
}
