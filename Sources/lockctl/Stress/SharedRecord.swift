internal import FileLocking
internal import Posix
internal import SystemPackage

/// Who was the last to come inside, in a file beside the locked one: what tells the workers of several runs, on several
/// hosts, that they are inside together.
///
/// There is no clock that all hosts share but the file server's. A holder touches the file right after its proof: the
/// time that the server gives to it lies between the proof and the answer, at which the holder looks at its own clock
/// once more. So it knows by the server's clock a moment at which it was inside, and, adding what then is left of its
/// lease, until when it will be. A coarse clock makes both early, which moves a stay but makes none overlap that did not.
///
/// It looks at the record twice, when it comes and before it goes. Whoever was inside together with another finds the
/// other's entry there, or the other finds his, or both. A holder that was paused between its proof and its writing puts
/// an entry over a later one; that is the paused holder's own old stay, which overlaps with nobody's unless it did.
struct SharedRecord: ~Copyable {
  struct Entry: Equatable {
    /// The run that the worker belongs to.
    let run: UInt64
    let worker: Int
    /// By the file server's clock, in nanoseconds.
    let entered: Int64
    var until: Int64

    fileprivate func overlaps(_ other: Entry) -> Bool { entered < other.until && other.entered < until }
  }

  private let directory: Directory
  private let name: FilePath
  private let run: UInt64
  private let worker: Int
  private var mine: Entry?

  init(_ plan: StressPlan, run: UInt64, worker: Int) throws(Errno) {
    directory = try Directory(plan.location.directory)
    name = plan.recordName
    (self.run, self.worker) = (run, worker)
  }

  /// Writes down that this worker has come inside, and believes to be so until `until`.
  ///
  /// - Returns: whether somebody of another run is inside.
  mutating func enter(until: BootTime) throws(Errno) -> Bool {
    // Opened anew each time: that is when an NFS client asks the server what the file holds by now.
    let file = try directory.open(name, .readWrite)
    let last = try Entry.read(file)
    let entered = try stamp(file)
    let left = until.since(.now)
    let entry = Entry(run: run, worker: worker, entered: entered, until: entered + left.nanosecondCount)
    mine = entry
    try entry.write(file)
    // An NFS client sends what was written at the latest now.
    try file.close()
    return try isTogether(entry, last)
  }

  /// Writes down that this worker is about to let go.
  ///
  /// - Returns: whether somebody of another run has come inside.
  mutating func leave() throws(Errno) -> Bool {
    guard let entry = mine else { return false }
    mine = nil
    let file = try directory.open(name, .readWrite)
    let last = try Entry.read(file)
    guard last == entry else { return try isTogether(entry, last) }
    var left = entry
    left.until = min(entry.until, try stamp(file))
    try left.write(file)
    try file.close()
    return false
  }

  private func stamp(_ file: borrowing Descriptor) throws(Errno) -> Int64 {
    try file.touch()
    return try file.status().modified.nanoseconds
  }

  /// The workers of one run are told apart by their parent, by a finer clock.
  private func isTogether(_ entry: Entry, _ other: Entry?) throws(Errno) -> Bool {
    guard let other, other.run != run, entry.overlaps(other) else { return false }
    return try !StressPlace.killed(other.run, name, directory).contains(other.worker)
  }
}

extension SharedRecord.Entry {
  fileprivate static func read(_ file: borrowing Descriptor) throws(Errno) -> Self? {
    let numbers = try file.numbers()
    guard numbers.count == 4 else { return nil }
    return Self(
      run: UInt64(bitPattern: numbers[0]), worker: Int(numbers[1]), entered: numbers[2], until: numbers[3])
  }

  fileprivate func write(_ file: borrowing Descriptor) throws(Errno) {
    try file.writeAll([Int64(bitPattern: run), Int64(worker), entered, until].withUnsafeBytes { Array($0) })
  }
}

extension Descriptor {
  /// The whole file as numbers.
  func numbers() throws(Errno) -> [Int64] {
    let bytes = try bytes(atMost: Int(status().size), from: 0)
    return bytes.withUnsafeBytes { bytes in
      (0..<(bytes.count / 8)).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
    }
  }
}
