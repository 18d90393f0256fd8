internal import Posix
internal import SystemPackage

/// What one process of a probe does, and the word that tells it so.
enum ProbeStep {
  /// Makes the scratch directory.
  case prepare
  /// Removes the scratch directory.
  case clean
  case attempt(Trial)
  /// Tries a lock that another process may hold.
  case contend(KernelLock)

  init?(word: String) {
    if let trial = Trial(rawValue: word) {
      self = .attempt(trial)
    } else if let lock = KernelLock.allCases.first(where: { Self.contend($0).word == word }) {
      self = .contend(lock)
    } else if let step = [Self.prepare, .clean].first(where: { $0.word == word }) {
      self = step
    } else {
      return nil
    }
  }

  var word: String {
    switch self {
    case .prepare: "prepare"
    case .clean: "clean"
    case .attempt(let trial): trial.rawValue
    case .contend(let lock): "contend-" + lock.rawValue
    }
  }

  /// Does the step, and writes what came of it.
  ///
  /// - Parameters:
  ///   - path: the scratch directory; for a contender the file in it.
  ///   - descriptor: the pipe to write to.
  func run(_ path: FilePath, reportingTo descriptor: CInt) throws {
    try Descriptor(owning: descriptor).writeAll(Array(report(path).text.utf8))
  }

  /// Does the step.
  func report(_ path: FilePath) -> StepReport {
    do {
      switch self {
      case .prepare: return try ScratchPlace(path).make()
      case .clean: return try ScratchPlace(path).remove()
      case .attempt(let trial): return try trial.run(in: ScratchPlace(path).open())
      case .contend(let lock): return try lock.contend(path)
      }
    } catch {
      return StepReport(failure: "\(error)", numbers: Self.isUntried(error) ? ["untried": 1] : [:])
    }
  }

  /// Whether the file system was not even asked: a full disk says nothing about locks.
  private static func isUntried(_ error: any Error) -> Bool {
    switch error as? Errno {
    case .noSpace, .diskQuotaExceeded, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory: true
    default: false
    }
  }
}

/// What a step found out, as text for a pipe.
struct StepReport {
  /// Why it does not work; `nil`: it works.
  var failure: String?
  /// What was measured, in nanoseconds or as the step says.
  var numbers: [String: Int64] = [:]

  /// The verdict is the last line, so that half a report is none.
  var text: String {
    numbers.map { "\($0.key) \($0.value)\n" }.joined() + (failure.map { "fails \($0)" } ?? "works") + "\n"
  }

  init(failure: String? = nil, numbers: [String: Int64] = [:]) { (self.failure, self.numbers) = (failure, numbers) }

  /// Reads ``text``; `nil` when the end is missing.
  init?(_ bytes: [UInt8]) {
    var isWhole = false
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let (key, value) = (line.prefix { $0 != " " }, line.drop { $0 != " " }.dropFirst())
      switch key {
      case "works", "fails":
        isWhole = true
        failure = key == "fails" ? String(value) : nil
      default: numbers[String(key)] = Int64(value)
      }
    }
    if !isWhole { return nil }
  }
}
