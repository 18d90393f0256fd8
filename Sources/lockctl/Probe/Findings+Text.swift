internal import LockPolicy
internal import SystemPackage

extension Findings {
  /// The findings for people.
  var text: String {
    let trials = results.map { result in
      [
        result.trial.rawValue, result.trial.title, time(result.numbers["fastest"]), time(result.numbers["median"]),
        result.outcome.text,
      ]
    }
    let verdicts = methods.map { [$0.method.rawValue, $0.isSafe ? "yes" : "no", why($0)] }
    let parts = [
      aligned(facts), aligned([["trial", "what is expected", "fastest", "median", "result"]] + trials),
      aligned([["method", "safe", "why"]] + verdicts), cautions.map { "Note: \($0)\n" }.joined(), advice,
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var facts: [[String]] {
    let rules = isLocal ? "local rules: this kernel sees every change" : "network rules, which hold everywhere"
    var facts = [["directory", directory.string], ["filesystem", "\(filesystem); \(rules)"], ["host", host]]
    let times = result(.times)?.numbers ?? [:]
    if let resolution = times["resolution"] {
      let step = times["step"].map { ", a new one \(brief(max($0, resolution))) after another" } ?? ""
      facts.append(["file times", "kept to \(brief(resolution))\(step)"])
    }
    if let ahead = times["ahead"] { facts.append(["clock", clock(ahead, times)]) }
    return facts
  }

  private func clock(_ ahead: Int64, _ times: [String: Int64]) -> String {
    // The kernel stamps files with a clock that moves a hundred times a second, or more often.
    let blur = max(times["resolution"] ?? 0, times["step"] ?? 0, 10_000_000)
    if abs(ahead) < blur { return "this host agrees with the file times, to \(brief(blur))" }
    return "this host is \(brief(abs(ahead))) \(ahead < 0 ? "behind" : "ahead of") the file times; nothing rests on it"
  }

  private var advice: String {
    guard let rule else { return "No method is safe there: keep mailboxes elsewhere.\n" }
    return "For /etc/dotlock.yaml:\n\n\(rule)"
  }

  /// Why a method is safe, or not.
  func why(_ verdict: MethodVerdict) -> String {
    let obstacles = verdict.needs.filter { !$0.works }.map { "\($0.trial.rawValue) \($0.outcome.text)" }
    guard obstacles.isEmpty else { return obstacles.joined(separator: "; ") }
    guard verdict.method == .dotlock else {
      return isLocal ? "two processes exclude each other" : "two processes of this host exclude each other"
    }
    return verdict.needs.map(\.trial.rawValue).joined(separator: ", ") + " work"
  }

  private func time(_ nanoseconds: Int64?) -> String { nanoseconds.map(brief) ?? "-" }
}

extension TrialResult.Outcome {
  fileprivate var text: String {
    switch self {
    case .works: "works"
    case .fails(let reason): "fails: \(reason)"
    case .hangs(let time): "hangs: no answer within \(time.policyText)"
    }
  }
}

/// A time with two digits, for people.
private func brief(_ nanoseconds: Int64) -> String {
  let units: [(size: Int64, name: String)] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us")]
  guard let unit = units.first(where: { nanoseconds >= $0.size }) else { return "\(nanoseconds) ns" }
  let tenths = (nanoseconds + unit.size / 20) / (unit.size / 10)
  let text = tenths >= 100 || tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  return "\(text) \(unit.name)"
}
