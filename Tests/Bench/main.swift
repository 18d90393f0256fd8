// Times whole processes against the tools that mail administrators use today; see `lockbench --help`.

import Glibc

func run() throws(Failure) {
  let options = try Options(Array(CommandLine.arguments.dropFirst()))
  let field = try Field(options)
  defer { field.remove() }
  if !options.contendedOnly { try runAlone(field, options) }
  try runInCrowds(field, options)
  print("\nOnly the ratios mean anything on another machine.")
}

/// What one process costs that has the machine to itself.
func runAlone(_ field: Field, _ options: Options) throws(Failure) {
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
  let counted = ["dotlock", "mboxappend", "flock", "dotlockfile"]
  for (title, contenders, ours, targets) in tables {
    for contender in contenders {
      if let problem = contender.proof() { throw Failure("\(contender.name): \(problem)") }
    }
    report(title, try compete(contenders, rounds: options.rounds), ours: ours, targets: targets)
    for contender in contenders where counted.contains(contender.name) { field.countCalls(of: contender) }
  }
  print("\nWhole processes, one after the other, \(options.rounds) interleaved runs of each, in \(options.directory).")
}

// What the bench runs of itself.
let words = Array(CommandLine.arguments.dropFirst())
if words.first == Exclusion.option, words.count == 2 { exit(Exclusion.workInside(words[1])) }

do throws(Failure) {
  if words.first == Worker.option { try Worker(Array(words.dropFirst())).work() }
  try run()
} catch {
  print(error.reason)
  exit(1)
}
