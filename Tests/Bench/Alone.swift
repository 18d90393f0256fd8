// What one process costs that has the machine to itself.

func runLockers(_ field: Field, _ options: Options) throws(Failure) {
  let contenders = field.lockers()
  try run(
    "Lock a file, run a program that does nothing, unlock", contenders, rounds: options.rounds, ours: "dotlock",
    [Target(peers: ["dotlockfile"], limit: 1), Target(peers: ["flock"], limit: 1.15)])
  for contender in contenders where ["dotlock", "flock", "dotlockfile"].contains(contender.name) {
    field.countCalls(of: contender)
  }
}

func runDeliverers(_ field: Field, _ options: Options) throws(Failure) {
  let contenders = field.deliverers()
  try run(
    "Deliver one message of 1 KiB", contenders, rounds: options.rounds, ours: "mboxappend",
    [Target(peers: ["procmail", "maildrop"], limit: 0.65)])
  for contender in contenders where contender.name == "mboxappend" { field.countCalls(of: contender) }
}

/// What is appended to is looked at where it ends, and copied by nobody.
func runSizes(_ field: Field, _ options: Options) throws(Failure) {
  let large = "to one of 10 GiB"
  try run(
    "Deliver one message of 1 KiB to an empty mailbox, and to a large one",
    [try field.deliverer("to an empty mailbox", size: 0), try field.deliverer(large, size: 10 << 30)],
    rounds: options.rounds, ours: large, [Target(peers: ["to an empty mailbox"], limit: 1.05)])
}

/// Lets contenders show that they do the work, times them, and prints the table.
func run(
  _ title: String, _ contenders: [Contender], rounds: Int, ours: String, _ targets: [Target],
  _ remark: ([Result]) -> Void = { _ in }
) throws(Failure) {
  for contender in contenders {
    if let problem = contender.proof() { throw Failure("\(contender.name): \(problem)") }
  }
  let results = try compete(contenders, rounds: rounds)
  report("\(title) (\(rounds) interleaved runs of each)", results, ours: ours, targets: targets)
  remark(results)
}
