internal import ArgumentParser
internal import Posix
internal import SystemPackage

/// What a parent tells a worker besides its own words.
struct StressOrders: ParsableArguments {
  /// Among all workers that the parent has started.
  @Option var number: Int
  /// Among those that it keeps at work: a worker that is killed is replaced.
  @Option var place: Int
  @Option var run: UInt64
  @Option var workerSeed: UInt64
  /// The descriptor to write events to.
  @Option var events: Int32

  static func words(number: Int, place: Int, run: UInt64, seed: UInt64, events: Int32) -> [String] {
    [
      "--number", "\(number)", "--place", "\(place)", "--run", "\(run)", "--worker-seed", "\(seed)",
      "--events", "\(events)",
    ]
  }
}

/// What `lockctl stress` starts.
struct StressWorkerCommand: ParsableCommand {
  static let name = "stress-worker"
  static let configuration = CommandConfiguration(commandName: name, shouldDisplay: false)

  @OptionGroup var options: StressOptions
  @OptionGroup var orders: StressOrders

  func run() throws {
    let plan = try StressPlan(options)
    let record = try SharedRecord(plan, run: orders.run, worker: orders.number)
    var worker = StressWorker(plan, orders, record, try Ambush.prepare())
    worker.run()
  }
}
