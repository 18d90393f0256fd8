import LockPolicy
import SystemPackage
import TestSupport
import Testing

struct LockctlPolicyTests {
  @Test func `check says that a good file is good, and where a bad one is not`() throws {
    let scratch = ScratchDirectory()
    let good = try policy("version: 1\n", in: scratch)
    #expect(try lockctl("check", good) == (0, "\(good): no errors\n", ""))
    let bad = try policy("defaults:\n  lease: {lenght: 5s}\n", in: scratch)
    let line = "lockctl: \(bad):2:11: unknown key 'lenght' in 'lease'; did you mean 'length'?\n"
    #expect(try lockctl("check", bad) == (78, "", line))
    let missing = scratch.file("missing").string
    #expect(try lockctl("check", missing) == (66, "", "lockctl: \(missing): cannot open: No such file or directory\n"))
  }

  @Test(arguments: ["dotlock", "dotlock-mixed-nfs", "dotlock-classic-60s"])
  func `what show prints is a policy that shows itself`(sample: String) throws {
    let scratch = ScratchDirectory()
    let shown = try lockctl("show", "--policy", root.appending("etc/\(sample).yaml").string)
    try #require(shown.0 == 0)
    let copy = try policy(shown.1, in: scratch)
    let again = try lockctl("show", "--policy", copy)
    #expect(values(again.1) == values(shown.1))
    #expect(values(shown.1).count > Settings.table.count)
  }

  @Test func `show lets the command line win over the rules, and says where values come from`() throws {
    let scratch = ScratchDirectory()
    let file = try policy(
      "defaults: {lease: {length: 30s}}\nrules: [{match: {host: 'a b'}, method: flock}, {method: fcntl, wait.timeout: 1s}]\n",
      in: scratch)
    let shown = try lockctl("show", "--policy", file, "--method", "dotlock").1
    #expect(shown.contains("\n    length: 30s                           # \(file):1\n"))
    #expect(shown.contains("\n  method: dotlock                         # --method\n"))
    #expect(shown.contains("\n  - match: {host: [\"a b\"]}\n  - wait:\n      timeout: 1s "))
    #expect(!shown.contains("flock"))
  }

  @Test func `explain shows the facts, the rules that match, and every setting with its origin`() throws {
    let scratch = ScratchDirectory()
    let file = try policy(
      """
      defaults:
        wait: {timeout: 7s}
      rules:
        - match: {path: "/**/nowhere"}
          method: flock
        - match: {program: pop3d}
          lease.length: 20s

      """, in: scratch)
    let run = try lockctl(
      "explain", scratch.file("box").string, "--policy", file, "--program", "pop3d", "-o", "wait.growth=3")
    #expect(run.0 == 0 && run.2 == "")
    #expect(run.1.hasPrefix("mailbox     /"))
    #expect(run.1.contains("\nprogram     pop3d\n"))
    #expect(run.1.contains("\nrules       2 (line 6) of 2\n"))
    #expect(origins(run.1)["method"] == "built-in")
    #expect(origins(run.1)["wait.timeout"] == "\(file):2")
    #expect(origins(run.1)["lease.length"] == "rule 2 at \(file):7")
    #expect(origins(run.1)["wait.growth"] == "-o")
    #expect(Settings.table.allSatisfy { origins(run.1)[$0.key] != nil })
  }

  @Test(arguments: Settings.table.filter { $0.option != nil }.map(\.key))
  func `every everyday option of the table works, and is named as the origin`(key: String) throws {
    let setting = try #require(Settings.setting(key))
    let option = "--\(setting.option ?? "")"
    let run = try lockctl("explain", "/tmp/box", "--policy", "/dev/null", option, setting.defaultText)
    #expect(run.0 == 78, "a device is not a policy")
    let file = root.appending("etc/dotlock.yaml").string
    let good = try lockctl("explain", "/tmp/box", "--policy", file, "\(option)=\(setting.defaultText)")
    #expect(origins(good.1)[key] == option)
  }

  @Test func `the last of several options for a key wins, whatever its form`() throws {
    let file = root.appending("etc/dotlock.yaml").string
    func origin(_ options: String...) throws -> String? {
      origins(try lockctl(["explain", "/tmp/box", "--policy", file] + options).1)["wait.timeout"]
    }
    #expect(try origin("--timeout", "1s", "-o", "wait.timeout=2s") == "-o")
    #expect(try origin("-o", "wait.timeout=2s", "--timeout", "1s") == "--timeout")
    #expect(try origin("-n") == "-n")
  }

  @Test func `contradictions and wrong words are refused with statuses of their own`() throws {
    let contradiction = try lockctl("explain", "/tmp/box", "--lease", "3s")
    #expect(contradiction.0 == 78)
    #expect(contradiction.2 == "lockctl: --lease: lease.warning (5s) must be shorter than lease.length (3s)\n")
    let value = try lockctl("show", "-o", "lease.lenght=3s")
    #expect(value.0 == 64)
    #expect(value.2.hasSuffix(": unknown key 'lease.lenght'; did you mean 'lease.length'?\n"))
    for (key, advice) in [
      ("lease", "its keys are lease.length, lease.warning, lease.kill, lease.refresh"),
      ("xyzzy", "dotlock.yaml(5) and 'lockctl policy show' list the keys"),
    ] {
      let run = try lockctl("show", "-o", "\(key)=3s")
      #expect(run.0 == 64 && run.2.hasSuffix(": unknown key '\(key)'; \(advice)\n"), "\(run)")
    }
    #expect(try lockctl("explain").0 == 64)
    #expect(try lockctl("bogus").0 == 64)
    #expect(try lockctl("explain", "/nowhere/at/all/box").0 == 66)
  }

  @Test func `a mailbox's name cannot drive the terminal, nor break the JSON`() throws {
    let scratch = ScratchDirectory()
    let mailbox = scratch.file("a\u{1B}[2J\"b\\\nc").string
    let text = try lockctl("explain", mailbox).1
    #expect(text.contains(#"/a\u{1B}[2J"b\\nc"# + "\n"))
    #expect(try python("d['mailbox'] == \(pythonText(mailbox))", lockctl("explain", "--json", mailbox).1) == "True\n")
  }

  @Test func `an answer that cannot be printed is a failure`() throws {
    let scratch = ScratchDirectory()
    for words in ["policy show", "policy schema", "--help"] {
      let run = try Shell.run("lockctl \(words) >/dev/full", in: scratch)
      #expect(run.status == 74)
      #expect(run.errors == "lockctl: cannot write to standard output\n")
    }
  }

  @Test func `the JSON of show and explain has every setting`() throws {
    let file = root.appending("etc/dotlock-mixed-nfs.yaml").string
    let keys = Settings.table.map { "'\($0.key)'" }.joined(separator: ",")
    let shown = try lockctl("show", "--json", "--policy", file).1
    #expect(try python("list(d['defaults']) == [\(keys)] and len(d['rules'])", shown) == "5\n")
    let explained = try lockctl("explain", "--json", "--policy", file, "/tmp/box").1
    #expect(try python("list(d['settings']) == [\(keys)] and len(d['rules'])", explained) == "5\n")
  }

  @Test func `the schema lets a file system be a number, as YAML reads it`() throws {
    let place = "d['properties']['rules']['items']['properties']['match']['properties']['filesystem']['anyOf']"
    #expect(try python("{'type': 'integer'} in \(place)[0]['anyOf']", lockctl("schema").1) == "True\n")
  }

  @Test func `the schema has every key with its default`() throws {
    let schema = try lockctl("schema").1
    for setting in Settings.table {
      let path = setting.section.map { "['\($0)']['properties']" } ?? ""
      let properties = "d['properties'][%]['properties']"
      for place in ["'defaults'", "'rules']['items'"] {
        let settings = properties.split(separator: "%").joined(separator: place)
        let found = try python("str(\(settings)\(path)['\(setting.name)']['default'])", schema)
        #expect(found.lowercased() == setting.defaultText.lowercased() + "\n", "\(setting.key)")
      }
    }
  }
}

/// The root of this package's sources.
private let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

private func lockctl(_ words: String...) throws -> (Int32, String, String) { try lockctl(words) }

private func lockctl(_ words: [String]) throws -> (Int32, String, String) {
  let run = try ProgramRun.run("lockctl", ["policy"] + words)
  return (run.status, run.output, run.errors)
}

private func policy(_ text: String, in scratch: borrowing ScratchDirectory) throws -> String {
  try scratch.write(text, to: "policy.yaml")
  return scratch.file("policy.yaml").string
}

/// An expression about the JSON document `d`, evaluated by a reader that is not ours.
private func python(_ expression: String, _ json: String) throws -> String {
  let program = "import json, sys; d = json.load(sys.stdin); print(\(expression))"
  return try ProgramRun.run("/usr/bin/python3", ["-c", program], input: Array(json.utf8)).output
}

private func pythonText(_ text: String) -> String {
  "bytes([\(text.utf8.map(String.init).joined(separator: ","))]).decode()"
}

/// The lines without their comments.
private func values(_ shown: String) -> [Substring] {
  shown.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != "#" } }
}

/// What explain says about each setting's origin.
private func origins(_ explained: String) -> [String: String] {
  var origins: [String: String] = [:]
  for line in explained.split(separator: "\n") {
    let words = line.split(separator: " ", maxSplits: 2)
    if words.count == 3 { origins[String(words[0])] = String(words[2].drop { $0 == " " }) }
  }
  return origins
}
