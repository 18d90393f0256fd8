internal import LockPolicy
internal import SystemPackage

/// What became of one trial.
struct TrialResult {
  enum Outcome: Equatable {
    case works
    case fails(reason: String)
    case hangs(after: Duration)
  }

  let trial: Trial
  let outcome: Outcome
  /// What was measured, by the names of ``StepReport``.
  let numbers: [String: Int64]

  /// - Parameter report: `nil` when it took longer than `deadline`.
  init(_ trial: Trial, _ report: StepReport?, _ deadline: Duration) {
    self.trial = trial
    numbers = report?.numbers ?? [:]
    outcome =
      if let report { report.failure.map { .fails(reason: $0) } ?? .works } else { .hangs(after: deadline) }
  }

  var works: Bool { outcome == .works }
}

/// Whether a method may be used, and why.
struct MethodVerdict {
  let method: Method
  /// The trials that it rests on.
  let needs: [TrialResult]

  var isSafe: Bool { needs.allSatisfy(\.works) }
  var hangs: Bool { needs.contains { if case .hangs = $0.outcome { true } else { false } } }
}

/// What a probe found out about a directory.
struct Findings {
  let directory: FilePath
  let filesystem: String
  let isLocal: Bool
  let host: String
  let results: [TrialResult]

  init(_ subject: Subject, directory: FilePath, results: [TrialResult]) {
    (self.directory, self.results) = (directory, results)
    (filesystem, isLocal, host) = (subject.filesystem, subject.isLocal, subject.host)
  }

  func result(_ trial: Trial) -> TrialResult? { results.first { $0.trial == trial } }

  var methods: [MethodVerdict] {
    Method.allCases.map { method in
      MethodVerdict(method: method, needs: needs(of: method).compactMap { result($0) })
    }
  }

  private func needs(of method: Method) -> [Trial] {
    switch method {
    // By local rules a lock file whose writer has no fcntl lock on it is taken for a dead one's.
    case .dotlock: [.create, .link, .permit] + (isLocal ? [.fcntl] : [])
    case .fcntl: [.fcntl]
    case .flock: [.flock]
    }
  }

  /// The methods to use, which are none where none is safe.
  ///
  /// Where other hosts may be at work the dotlock alone: it is what all of them can see.
  var recommended: [Method] {
    let safe = methods.filter(\.isSafe).map(\.method)
    guard safe.contains(.dotlock) else { return Array(safe.prefix(1)) }
    return isLocal ? Array(safe.prefix(2)) : [.dotlock]
  }

  /// What nobody can find out from here, and what people stumble over.
  var cautions: [String] {
    var cautions: [String] = []
    if !isLocal {
      cautions.append("one host was asked; that processes of other hosts are kept out cannot be seen from here.")
    }
    if filesystem == "nfs" {
      cautions.append("NFS makes flock of fcntl locks (since Linux 2.6.12): each shuts out the other; never take both.")
      cautions.append("flock of programs on the file server itself is another lock: it shuts out no client.")
    } else if case .fails = result(.apart)?.outcome {
      cautions.append("fcntl and flock shut each other out here; never take both.")
    }
    if methods.contains(where: { $0.method != .dotlock && $0.hangs }) {
      cautions.append("over NFS a lock hangs when the lock service of the server or of this host does not answer.")
    }
    if let first = recommended.first, first != .dotlock {
      cautions.append("without the dotlock, programs that know no other method are not kept out.")
    }
    return cautions
  }
}
