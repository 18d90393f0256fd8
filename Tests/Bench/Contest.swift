import Glibc

/// One program in a contest, and how to know that it did its work.
struct Contender {
  let name: String
  let command: Command
  /// Says what went wrong; called once, before anything is timed.
  let proof: () -> String?
  /// Called before each run, outside the time that counts.
  var prepare: () -> Void = {}
  /// Called after each run, outside the time that counts.
  var check: () -> Bool = { true }
}

/// What is promised of our program.
struct Target {
  let peers: [String]
  let limit: Double
}

/// What the runs of one contender came to.
struct Result {
  let name: String
  let times: [Double]
  let pageFaults: Int
  let resident: Int

  init(name: String, runs: [Run]) {
    self.name = name
    times = runs.map(\.microseconds).sorted()
    resident = runs.map(\.resident).max() ?? 0
    pageFaults = runs.map(\.pageFaults).sorted()[runs.count / 2]
  }

  func percentile(_ share: Double) -> Double { times[Int(Double(times.count - 1) * share)] }
  var median: Double { percentile(0.5) }
}

/// Runs the contenders in turns: what disturbs the machine for a while disturbs all of them alike.
func compete(_ contenders: [Contender], rounds: Int) throws(Failure) -> [Result] {
  let warmUp = max(rounds / 20, 3)
  var runs = [[Run]](repeating: [], count: contenders.count)
  for round in 0..<(rounds + warmUp) {
    for turn in contenders.indices {
      // Nobody always runs after the same neighbour.
      let index = (turn + round) % contenders.count
      let contender = contenders[index]
      contender.prepare()
      let run = contender.command.run()
      guard run.status == 0 else { throw Failure("\(contender.name) failed with status \(run.status)") }
      guard contender.check() else { throw Failure("\(contender.name) did not do its work") }
      if round >= warmUp { runs[index].append(run) }
    }
  }
  return zip(contenders, runs).map { Result(name: $0.name, runs: $1) }
}

/// Why the bench cannot go on.
struct Failure: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
