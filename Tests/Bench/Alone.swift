/// What locking costs one process that has the machine to itself.
func runLockers(_ field: Field) throws(Failure) {
  try run(
    "Lock a file, run a program that does nothing, unlock", field.lockers(), in: field, ours: "dotlock",
    targets: [Target(peers: ["dotlockfile"], limit: 1), Target(peers: ["flock"], limit: 1.15)],
    counted: ["dotlock", "flock", "dotlockfile"])
}

/// The same of a delivery, where nothing waits for a disk.
func runDeliverers(_ field: Field) throws(Failure) {
  try run(
    "Deliver one message of 1 KiB", field.deliverers(), in: field, ours: "mboxappend",
    targets: [Target(peers: ["procmail", "maildrop"], limit: 0.65)], counted: ["mboxappend", "procmail"])
}

/// Whether a delivery takes longer when there is more in the mailbox.
func runSizes(_ field: Field) throws(Failure) {
  let full = "into a mailbox of 10 GiB"
  let contenders = try [field.deliverer(full, length: 10 << 30), field.deliverer("into an empty mailbox", length: 0)]
  try run(
    "Deliver one message of 1 KiB, whatever is there", contenders, in: field, ours: full,
    targets: [Target(peers: ["into an empty mailbox"], limit: 1.05)])
}

/// Proves that each does the work, lets them compete, and prints what came of it.
@discardableResult
func run(
  _ title: String, _ contenders: [Contender], in field: Field, ours: String, targets: [Target], counted: [String] = [],
  rounds: Int? = nil, warmUp: Int? = nil
) throws(Failure) -> [Result] {
  for contender in contenders {
    if let problem = contender.proof() { throw Failure("\(contender.name): \(problem)") }
  }
  let rounds = rounds ?? field.options.rounds
  let results = try compete(contenders, rounds: rounds, warmUp: warmUp)
  report("\(title); \(rounds) runs of each, in turns, in \(field.directory)", results, ours: ours, targets: targets)
  for contender in contenders where counted.contains(contender.name) { field.countCalls(of: contender) }
  return results
}
