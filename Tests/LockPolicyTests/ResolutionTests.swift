import SystemPackage
import Testing

@testable import LockPolicy

struct ResolutionTests {
  private let subject = Subject(
    path: "/home/ann/Mailbox", filesystem: "nfs", isLocal: false, host: "MX1.example.org", user: ["ann", "1000"],
    program: "mboxappend")

  @Test(
    arguments: [
      (.path, ["/home/*/Mailbox"], true), (.path, ["/var/mail/*"], false), (.path, ["/x", "/home/**"], true),
      (.filesystem, ["nfs"], true), (.filesystem, ["network"], true), (.filesystem, ["local"], false),
      (.filesystem, ["ext4", "xfs"], false), (.host, ["mx1"], true), (.host, ["mx*"], true),
      (.host, ["mx1.Example.org"], true), (.host, ["mx2"], false), (.host, ["example.org"], false),
      (.user, ["ann"], true),
      (.user, ["1000"], true), (.user, ["an*"], false), (.program, ["mboxappend"], true),
      (.program, ["dotlock"], false),
    ] as [(MatchKey, [String], Bool)])
  func `a rule looks at one thing`(key: MatchKey, patterns: [String], applies: Bool) {
    #expect(rule([key: patterns]).applies(to: subject) == applies)
  }

  @Test func `all keys of a rule must match, and a rule without keys always applies`() {
    #expect(rule([.user: ["ann"], .filesystem: ["nfs"]]).applies(to: subject))
    #expect(!rule([.user: ["ann"], .filesystem: ["ext4"]]).applies(to: subject))
    #expect(rule([:]).applies(to: subject))
  }

  @Test func `the last of built-in, defaults, rules and options wins, and says so`() throws {
    let document = PolicyDocument(
      source: "/p",
      defaults: [try set("wait.timeout", "1s", .defaults(at(2))), try set("method", "flock", .defaults(at(3)))],
      rules: [
        rule(
          [.filesystem: ["nfs"]],
          [try set("wait.timeout", "2s", .rule(1, at(5))), try set("method", "fcntl", .rule(1, at(6)))]),
        rule([.user: ["bob"]], [try set("wait.timeout", "3s", .rule(2, at(8)))]),
        rule([:], [try set("wait.timeout", "4s", .rule(3, at(9)))]),
      ])
    let resolved = try document.resolved(for: subject, overrides: [try Assignment(option: "method=dotlock")])
    #expect(resolved.policy.wait.timeout == .seconds(4))
    #expect(resolved.policy.method == [.dotlock])
    #expect(resolved.origin(of: "wait.timeout").description == "rule 3 at /p:9")
    #expect(resolved.origin(of: "method").description == "-o")
    #expect(resolved.origin(of: "lease.length").description == "built-in")
    let general = try document.resolved(for: nil)
    #expect(general.policy.wait.timeout == .seconds(1))
    #expect(general.origin(of: "method").description == "/p:3")
    #expect(general.entries.map(\.setting.key) == Settings.table.map(\.key))
  }

  @Test(arguments: [
    ["lease.warning=60s"], ["lease.length=4s"], ["lease.kill=6s"], ["lease.kill=60s", "lease.warning=0s"],
    ["lease.length=none", "lease.refresh=off"], ["lease.length=61s", "lease.refresh=off"], ["lease.refresh=60s"],
    ["wait.first=2s"], ["wait.longest=0.5ms", "wait.first=1ms"], ["mailbox.journal=off"],
  ])
  func `contradictions are refused`(options: [String]) {
    #expect(throws: (any Error).self) {
      try PolicyDocument().resolved(for: nil, overrides: try options.map { try Assignment(option: $0) })
    }
  }

  @Test(arguments: [
    ["lease.warning=59s"], ["lease.length=none"], ["lease.length=1h"], ["lease.length=60s", "lease.refresh=off"],
    ["mailbox.journal=off", "steal.fence=none"], ["mailbox.journal=off", "method=fcntl"],
    ["lease.kill=0s", "lease.warning=0s", "lease.length=1ms"], ["lease.refresh=20s"],
  ])
  func `what only looks like a contradiction is accepted`(options: [String]) throws {
    _ = try PolicyDocument().resolved(for: nil, overrides: try options.map { try Assignment(option: $0) })
  }

  @Test func `a contradiction names the setting that made it`() throws {
    let document = PolicyDocument(defaults: [try set("lease.length", "30s", .defaults(at(2)))])
    let error = #expect(throws: PolicyContradiction.self) {
      try document.resolved(for: nil, overrides: [try Assignment(option: "lease.warning=40s")])
    }
    #expect(error?.description == "-o: lease.warning (40s) must be shorter than lease.length (30s)")
    #expect(error?.keys == ["lease.warning", "lease.length"])
  }

  @Test func `rules contradict each other only where both surely apply`() throws {
    let short = rule([.host: ["a"]], [try set("lease.length", "30s", .rule(1, at(2)))])
    let late = [try set("lease.warning", "40s", .rule(2, at(4)))]
    try PolicyDocument(rules: [short, rule([.host: ["b"]], late)]).refuseContradictions()
    #expect(throws: PolicyContradiction.self) {
      try PolicyDocument(rules: [short, rule([.host: ["a"], .user: ["x"]], late)]).refuseContradictions()
    }
    #expect(throws: PolicyContradiction.self) {
      try PolicyDocument(rules: [short, rule([.host: ["a", "b"]], late)]).refuseContradictions()
    }
  }

  private func at(_ line: Int) -> LockPolicy.SourceLocation {
    LockPolicy.SourceLocation(file: "/p", line: line, column: 1)
  }

  private func set(_ key: String, _ text: String, _ origin: Origin) throws -> Assignment {
    try Assignment(key, text, origin: origin)
  }

  private func rule(_ match: [MatchKey: [String]], _ assignments: [Assignment] = []) -> Rule {
    Rule(match: match, assignments: assignments, location: at(1))
  }
}
