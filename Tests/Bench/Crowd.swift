import Glibc

/// One of those who want the lock.
struct Member {
  let words: [String]
  var user = getuid()
}

/// Processes that want the same lock at the same time, in a directory that is made anew each time.
struct Crowd {
  private let directory: String
  private let log: String
  private let environment: [String]

  /// In a directory of the bench's that others may pass through.
  init(in parent: String) {
    directory = parent + "/crowd"
    log = parent + "/events"
    environment = ["PATH=/usr/bin:/bin"]
  }

  /// The file that they lock.
  var file: String { directory + "/file" }

  /// Lets them loose for so long.
  ///
  /// - Parameters:
  ///   - name: of what they do, for complaints.
  ///   - look: called when all is over, while the file is still there.
  func contend(
    _ name: String, _ members: [Member], seconds: Double, look: () -> Void = {}
  ) throws(Failure) -> Struggle {
    try prepare()
    defer { clear() }
    // Late enough for all of them to be there.
    let start = now() + 100_000_000 + members.count * 3_000_000
    let end = start + Int(seconds * 1e9)
    let workers = gather(members, start: start)
    sleep(until: end)
    // Some sleep for seconds before they look again, and would hold up the bench.
    if let group = workers.first { kill(-group, SIGKILL) }
    for worker in workers { waitpid(worker, nil, 0) }
    guard workers.count == members.count else { throw Failure("cannot start \(members.count) workers") }
    look()
    do throws(Failure) {
      return try Struggle(events(), workers: members.count, from: start, to: end)
    } catch {
      throw Failure("\(name), \(members.count) workers: \(error.reason)")
    }
  }

  private func gather(_ members: [Member], start: Int) -> [pid_t] {
    var workers: [pid_t] = []
    for (number, member) in members.enumerated() {
      let words = Worker.words(number, start: start, log: log, user: member.user, command: member.words)
      let command = Command(words, environment: environment, input: "/dev/null")
      guard let worker = command.start(inGroup: workers.first ?? 0) else { break }
      workers.append(worker)
    }
    return workers
  }

  private func prepare() throws(Failure) {
    let made = mkdir(directory, 0o700) == 0 && chmod(directory, 0o1777) == 0
    guard made, create(file), create(log) else { throw Failure("cannot write \(directory)") }
  }

  private func create(_ path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    return descriptor >= 0 && close(descriptor) == 0
  }

  private func clear() {
    var status = stat()
    stat(file, &status)
    // Where c-client's programs lock, and lockmail after them.
    unlink("/tmp/.\(String(status.st_dev, radix: 16)).\(String(status.st_ino, radix: 16))")
    _ = Command(["/bin/rm", "-rf", directory], environment: environment, input: "/dev/null").run()
  }

  private func events() -> [Event] {
    guard let stream = fopen(log, "r") else { return [] }
    defer { fclose(stream) }
    let stride = MemoryLayout<Event>.stride
    return [Event](unsafeUninitializedCapacity: fileSize(of: log) / stride) { buffer, count in
      count = fread(buffer.baseAddress, stride, buffer.count, stream)
    }
  }
}
