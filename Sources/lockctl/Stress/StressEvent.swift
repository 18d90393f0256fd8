internal import Posix
internal import SystemPackage

/// What a worker tells its parent: written in one piece into a pipe, which keeps it when the worker is killed.
struct StressEvent {
  enum Kind: Int64 {
    /// It has started: to be killed before would only keep the machine busy.
    case ready
    /// The worker has proven its lock at `moment`, and believes in it until `until`.
    case entered
    /// It was inside until `moment`, and is about to let go.
    case left
    /// It was given a lock that it could not prove.
    case unproven
    /// Its lock was gone although the end of its belief had not come.
    case robbed
    /// It has taken somebody's lock file away.
    case theft
    /// It waited in vain.
    case busy
    /// There is no room on the disk.
    case full
    /// Something went wrong that it has printed.
    case failed
    /// The record that all hosts share shows somebody of another run inside at the same time.
    case stranger
  }

  let kind: Kind
  let worker: Int
  var moment = BootTime.now
  var until = BootTime(nanoseconds: 0)

  /// Less than the size up to which a pipe keeps the events of several writers apart.
  static let size = 32

  var bytes: [UInt8] {
    [kind.rawValue, Int64(worker), moment.nanoseconds, until.nanoseconds].withUnsafeBytes { Array($0) }
  }

  init(_ kind: Kind, worker: Int, moment: BootTime = .now, until: BootTime = BootTime(nanoseconds: 0)) {
    (self.kind, self.worker, self.moment, self.until) = (kind, worker, moment, until)
  }

  init?(_ bytes: UnsafeRawBufferPointer) {
    let numbers = (0..<4).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
    guard let kind = Kind(rawValue: numbers[0]) else { return nil }
    self.init(
      kind, worker: Int(numbers[1]), moment: BootTime(nanoseconds: numbers[2]),
      until: BootTime(nanoseconds: numbers[3]))
  }
}
