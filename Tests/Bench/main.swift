// Times whole processes against the tools that mail administrators use today; see `lockbench --help`.

import Glibc

let usage = """
  usage: lockbench [--rounds N] [--directory DIR] [--policy FILE] PROGRAMS

  PROGRAMS is the directory of the built dotlock and mboxappend. The peers are taken from PATH; who is not
  installed is left out. DIR should be on a memory file system (default /dev/shm): a disk would be all one sees.

    --rounds N       so many runs of each program (400)
    --policy FILE    a policy file for one more line per table
  """

struct Options {
  var rounds = 400
  var directory = "/dev/shm"
  var policy: String?
  var programs = ""

  init(_ words: [String]) throws(Failure) {
    var words = words[...]
    while let word = words.popFirst() {
      guard word.hasPrefix("-") else {
        programs = word
        continue
      }
      guard let value = words.popFirst() else { throw Failure(usage) }
      switch word {
      case "--rounds": rounds = Int(value) ?? 0
      case "--directory": directory = value
      case "--policy": policy = value
      default: throw Failure(usage)
      }
    }
    if programs.isEmpty || rounds < 1 { throw Failure(usage) }
  }
}

func run() throws(Failure) {
  let options = try Options(Array(CommandLine.arguments.dropFirst()))
  let field = try Field(options)
  defer { field.remove() }

  let tables: [(String, [Contender], String, [Target])] = [
    (
      "Lock a file, run a program that does nothing, unlock", field.lockers(), "dotlock",
      [Target(peers: ["dotlockfile"], limit: 1), Target(peers: ["flock"], limit: 1.15)]
    ),
    (
      "Deliver one message of 1 KiB", field.deliverers(), "mboxappend",
      [Target(peers: ["procmail", "maildrop"], limit: 0.65)]
    ),
  ]
  for (title, contenders, ours, targets) in tables {
    for contender in contenders {
      if let problem = contender.proof() { throw Failure("\(contender.name): \(problem)") }
    }
    report(title, try compete(contenders, rounds: options.rounds), ours: ours, targets: targets)
    for contender in contenders where contender.name == ours { field.countCalls(of: contender) }
  }
  print("\nWhole processes, one after the other, \(options.rounds) interleaved runs of each, in \(options.directory).")
  print("Only the ratios mean anything on another machine.")
}

do throws(Failure) {
  try run()
} catch {
  print(error.reason)
  exit(1)
}
